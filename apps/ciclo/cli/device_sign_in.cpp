#include "cli/device_sign_in.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/text.hpp"

namespace ciclo::cli {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds default_interval{5};
constexpr std::chrono::seconds longest_interval{60};
constexpr std::chrono::seconds slower_by{5};
constexpr std::chrono::seconds default_life{600};
constexpr std::chrono::seconds longest_life{3600};

Result<http::ClientResponse> post_form(http::Client& client, const std::string& url, const Fields& fields) {
  http::ClientRequest request{.method = http::Method::post, .url = url};
  request.headers.set("content-type", "application/x-www-form-urlencoded");
  request.headers.set("accept", "application/json");
  for (const auto& [name, value] : fields)
    request.body += fmt::format("{}{}={}", request.body.empty() ? "" : "&", name, http::percent_encode(value));
  return client.send(request);
}

std::chrono::seconds seconds_of(const Json& answer, std::string_view key, std::chrono::seconds otherwise,
                                std::chrono::seconds longest) {
  const Json& value = member(answer, key);
  if (!value.is_number_integer()) return otherwise;
  return std::chrono::seconds(std::clamp<std::int64_t>(value.get<std::int64_t>(), 1, longest.count()));
}

// What comes from the provider goes to a terminal: nothing but what is written in codes and addresses.
std::string printable(std::string text) {
  std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
  return text.substr(0, 512);
}

struct DeviceCode {
  std::string device_code;
  std::string user_code;
  std::string verification_uri;
  std::chrono::milliseconds interval;
  std::chrono::seconds life;
};

Result<DeviceCode> ask_for_code(http::Client& client, const DeviceSettings& settings) {
  CICLO_TRY(const auto response, post_form(client, settings.device_authorization_endpoint,
                                           {{"client_id", settings.client_id}, {"scope", settings.scopes}}));
  const auto answer = parse_json(response.body);
  if (response.status != 200 || !answer)
    return fail(ErrorCode::unavailable,
                fmt::format("the identity provider gave no code: status {}{}", response.status,
                            answer ? ", " + printable(text_or(*answer, "error", "no reason")) : ""),
                {}, "let its administrator allow the device flow for Ciclo's client");
  DeviceCode code{.device_code = text_or(*answer, "device_code"),
                  .user_code = printable(text_or(*answer, "user_code")),
                  .verification_uri = printable(text_or(*answer, "verification_uri")),
                  .interval = seconds_of(*answer, "interval", default_interval, longest_interval),
                  .life = seconds_of(*answer, "expires_in", default_life, longest_life)};
  if (code.device_code.empty() || code.user_code.empty() || code.verification_uri.empty())
    return fail(ErrorCode::unavailable, "the identity provider's answer lacks the code or the address");
  return code;
}

}  // namespace

Result<Poll> judge_poll(int status, const Json& answer, std::chrono::milliseconds interval) {
  if (status == 200) {
    const std::string token = text_or(answer, "id_token");
    if (!token.empty()) return Poll{.id_token = token, .interval = interval};
    return fail(ErrorCode::unavailable, "the identity provider gave no ID token", {},
                "let the server's --oidc-scopes hold openid");
  }
  const std::string reason = text_or(answer, "error");
  if (reason == "authorization_pending") return Poll{.id_token = {}, .interval = interval};
  if (reason == "slow_down") return Poll{.id_token = {}, .interval = interval + slower_by};
  if (reason == "access_denied") return fail(ErrorCode::denied, "the sign-in was refused in the browser");
  if (reason == "expired_token")
    return fail(ErrorCode::timeout, "the code has expired", {}, "start again: ciclo login --use-device-code");
  return fail(ErrorCode::unavailable, fmt::format("the identity provider answered with status {}: {}", status,
                                                  reason.empty() ? "no reason" : printable(reason)));
}

Result<std::string> sign_in_by_device_code(http::Client& client, const DeviceSettings& settings, std::ostream& screen) {
  CICLO_TRY(const DeviceCode code, ask_for_code(client, settings));
  screen << fmt::format("To sign in, open {} and enter the code {}\n", code.verification_uri, code.user_code)
         << std::flush;
  const auto end = Clock::now() + code.life;
  std::chrono::milliseconds interval = code.interval;
  while (Clock::now() + interval < end) {
    std::this_thread::sleep_for(interval);
    const auto response = post_form(client, settings.token_endpoint,
                                    {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                                     {"device_code", code.device_code},
                                     {"client_id", settings.client_id}});
    // RFC 8628 §3.5: a connection that fails is asked again, less often.
    if (!response) {
      interval = std::min<std::chrono::milliseconds>(interval * 2, longest_interval);
      continue;
    }
    CICLO_TRY(Poll poll, judge_poll(response->status, parse_json(response->body).value_or(Json()), interval));
    if (!poll.id_token.empty()) return std::move(poll.id_token);
    interval = poll.interval;
  }
  return fail(ErrorCode::timeout, "the code has expired", {}, "start again: ciclo login --use-device-code");
}

}  // namespace ciclo::cli
