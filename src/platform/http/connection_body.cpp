#include <algorithm>
#include <boost/beast/http/error.hpp>

#include "platform/http/connection.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t body_read_bytes = 64U << 10U;
// Of a body that a handler reads as it arrives.
constexpr std::size_t streamed_read_bytes = 256U << 10U;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

Refusal stalled() {
  return {.status = 408,
          .error = {.code = ErrorCode::timeout,
                    .message = "the request's body did not arrive in time",
                    .target = {},
                    .hint = {},
                    .details = {}}};
}

}  // namespace

bool Connection::feed() {
  if (body_refused_) return false;
  while (!parser_->is_done() && buffer_.size() > 0) {
    error_code failure;
    buffer_.consume(parser_->put(buffer_.cdata(), failure));
    // What is left now is less than a piece of the chunked form, which has to be complete to be parsed.
    if (failure == beast_http::error::need_more) {
      if (buffer_.size() <= core_.settings.max_header_bytes) return true;
      failure = beast_http::error::bad_chunk_extension;
    }
    if (!failure) continue;
    refusal_ = parser_->refusal(failure);
    closing_ = body_refused_ = true;
    return false;
  }
  return true;
}

Awaitable<bool> Connection::invite_body() {
  if (invited_ || !parser_->expects_continue() || buffer_.size() > 0) co_return true;
  invited_ = true;
  co_return co_await write(continue_line);
}

Awaitable<Connection::Received> Connection::receive_body() {
  if (!feed()) co_return Received::refused;
  if (!parser_->is_done()) {
    const bool invited = co_await invite_body();
    if (!invited) co_return Received::gone;
  }
  while (!parser_->is_done()) {
    arm(core_.settings.body_timeout);
    const bool filled = co_await fill(body_read_bytes);
    if (!filled) {
      closing_ = true;
      if (!timed_out_) co_return Received::gone;
      refusal_ = stalled();
      co_return Received::refused;
    }
    disarm();
    if (!feed()) co_return Received::refused;
  }
  co_return Received::complete;
}

// The next piece of a streamed body, for the handler that waits for it.
Awaitable<Result<std::string>> Connection::pull(std::size_t max) {
  while (true) {
    if (piece_.empty() && !feed()) co_return std::unexpected(refusal_.error);
    if (!piece_.empty()) {
      std::string taken;
      if (piece_.size() <= max) {
        taken.swap(piece_);
      } else {
        taken = piece_.substr(0, max);
        piece_.erase(0, max);
      }
      co_return taken;
    }
    if (parser_->is_done()) co_return std::string();
    const bool invited = co_await invite_body();
    if (!invited) co_return fail(ErrorCode::unavailable, "the client went away");
    piece_.reserve(max);
    arm(core_.settings.body_timeout);
    const bool filled = co_await fill(std::min(max, streamed_read_bytes));
    disarm();
    if (filled) {
      if (!feed()) co_return std::unexpected(refusal_.error);
      read_ahead(max);
      continue;
    }
    closing_ = true;
    stalled_ = timed_out_;
    if (timed_out_) co_return std::unexpected(stalled().error);
    co_return fail(ErrorCode::unavailable, "the client went away before the end of the body");
  }
}

// What has come meanwhile, without waiting for more: up to `most` bytes. The handler works on the last piece while the
// next one is taken off the socket here.
void Connection::read_ahead(std::size_t most) {
  while (!tls_ && !parser_->is_done() && buffer_.size() == 0 && piece_.size() < most) {
    const auto space = buffer_.prepare(std::min(most - piece_.size(), streamed_read_bytes));
    error_code failure;
    buffer_.commit(socket_.read_some(space, failure));
    // The end and what went wrong are found again by whoever waits for more.
    if (failure || !feed()) return;
  }
}

// Whether the connection can go on to another request; what came along with the head is read past.
bool Connection::body_is_read() {
  if (!parser_->is_header_done()) return false;
  if (parser_->is_done()) return true;
  if (buffer_.size() > 0) {
    if (!parser_->takes_body()) parser_->set_body(piece_, buffer_.size());
    feed();
  }
  return parser_->is_done();
}

}  // namespace ciclo::http
