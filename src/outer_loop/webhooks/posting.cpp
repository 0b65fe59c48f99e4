#include "outer_loop/webhooks/posting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::outer_loop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{5'000};
constexpr milliseconds longest_pause{3'600'000};

std::string refusal_of(int status) {
  const bool is_redirect = status >= 300 && status < 400;
  return fmt::format("the receiver answered {}{}", status, is_redirect ? "; redirects are not followed" : "");
}

std::string reason_of(const Error& error) {
  return error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
}

}  // namespace

milliseconds pause_after_attempts(std::int64_t attempts) {
  const std::int64_t doublings = std::clamp<std::int64_t>(attempts - 1, 0, 12);
  return std::min(longest_pause, first_pause * (std::int64_t{1} << doublings));
}

PostOutcome send_post(http::Client& client, Post post) {
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = std::move(post.url);
  request.headers = std::move(post.headers);
  request.body = std::move(post.body);
  auto answer = client.send(request);
  PostOutcome outcome;
  if (!answer) {
    const bool is_final = answer.error().code == ErrorCode::denied || answer.error().code == ErrorCode::invalid;
    outcome.state = is_final ? PostOutcome::State::refused : PostOutcome::State::failed;
    outcome.reason = reason_of(answer.error());
    return outcome;
  }
  outcome.status = answer->status;
  outcome.body = std::move(answer->body);
  if (outcome.status >= 200 && outcome.status < 300) outcome.state = PostOutcome::State::delivered;
  else outcome.reason = refusal_of(outcome.status);
  return outcome;
}

}  // namespace ciclo::outer_loop
