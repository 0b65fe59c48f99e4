#include <array>
#include <charconv>

#include "platform/http/answer.hpp"
#include "platform/http/connection.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t joined_body_bytes = 64U << 10U;  // larger bodies are not copied behind their head

}  // namespace

void Connection::begin_answer(int status) {
  status_ = status;
  response_bytes_ = 0;
  if (!body_is_read()) closing_ = lingers_ = true;
  if (core_.stopping.load(std::memory_order_relaxed) || !parser_->keep_alive()) closing_ = true;
  out_.clear();
}

Awaitable<bool> Connection::answer(const Response& response) {
  begin_answer(response.status);
  const bool bodiless = !may_have_body(response.status);
  AnswerHead head{.status = response.status,
                  .headers = &response.headers,
                  .date = reactor_.date(),
                  .request_id = request_.request_id,
                  .framing = bodiless ? Framing::none : Framing::length,
                  .length = response.stream ? response.stream_length.value_or(0) : response.body.size(),
                  .keep_alive = !closing_,
                  .http_1_0 = parser_->is_http_1_0(),
                  .over_tls = tls_.has_value()};
  // Only the answer to HEAD comes here with a stream: its length is told if it is known.
  if (response.stream && !response.stream_length) head.framing = Framing::none;
  append_head(out_, head);
  std::string_view second;
  if (!bodiless && request_.method != Method::head) {
    if (response.body.size() <= joined_body_bytes) {
      out_.append(response.body);
    } else {
      second = response.body;
    }
  }
  const bool written = co_await write(out_, second);
  report_served();
  co_return written;
}

Awaitable<bool> Connection::answer_head_of_stream(const Response& response) {
  begin_answer(response.status);
  const bool http_1_0 = parser_->is_http_1_0();
  AnswerHead head{.status = response.status,
                  .headers = &response.headers,
                  .date = reactor_.date(),
                  .request_id = request_.request_id,
                  .framing = Framing::chunked,
                  .length = response.stream_length.value_or(0),
                  .keep_alive = true,
                  .http_1_0 = http_1_0,
                  .over_tls = tls_.has_value()};
  if (response.stream_length) {
    head.framing = Framing::length;
  } else if (http_1_0) {
    head.framing = Framing::until_close;
    closing_ = true;
  }
  head.keep_alive = !closing_;
  chunked_ = head.framing == Framing::chunked;
  stream_left_ = response.stream_length;
  append_head(out_, head);
  co_return co_await write(out_);
}

Awaitable<bool> Connection::answer_piece(const std::string& bytes) {
  if (stream_left_) {
    if (bytes.size() > *stream_left_) {
      core_.report("a body source of " + request_.path + " gave more than its stream_length");
      broken_ = aborted_ = true;
      co_return false;
    }
    *stream_left_ -= bytes.size();
  }
  if (!chunked_) co_return co_await write(bytes);
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16);
  // The line end of a chunk goes out with the start of the next one, or with the end.
  out_.assign(first_chunk_ ? "" : "\r\n");
  first_chunk_ = false;
  out_.append(digits.data(), end.ptr);
  out_.append("\r\n");
  co_return co_await write(out_, bytes);
}

Awaitable<bool> Connection::answer_end() {
  if (stream_left_.value_or(0) > 0) {
    core_.report("a body source of " + request_.path + " gave less than its stream_length");
    broken_ = aborted_ = true;
    co_return false;
  }
  if (!chunked_) co_return true;
  co_return co_await write(first_chunk_ ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
}

void Connection::report_served() {
  if (!core_.on_served) return;
  const std::size_t request_bytes = parser_->is_header_done() ? parser_->body_bytes() : 0;
  core_.on_served({.route = route_,
                   .method = request_.method,
                   .status = status_,
                   .duration = std::chrono::steady_clock::now() - started_,
                   .request_bytes = request_bytes,
                   .response_bytes = response_bytes_,
                   .request_id = request_.request_id,
                   .principal = request_.principal,
                   .path = request_.path});
}

}  // namespace ciclo::http
