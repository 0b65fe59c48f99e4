#include "platform/http/connection.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

namespace ciclo::http {
namespace {

constexpr std::size_t head_read_bytes = 8U << 10U;
constexpr std::size_t kept_buffer_bytes = 32U << 10U;
constexpr std::chrono::milliseconds linger_timeout{2'000};

Refusal stalled_head() {
  return {.status = 408,
          .error = {.code = ErrorCode::timeout,
                    .message = "the request's header did not arrive in time",
                    .target = {},
                    .hint = {},
                    .details = {}}};
}

}  // namespace

Connection::Connection(Core& core, Reactor& reactor, Socket socket)
    : core_(core), reactor_(reactor), socket_(std::move(socket)) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) remote_address_ = remote.address().to_string();
  if (core_.tls) {
    context_ = core_.tls->current();
    tls_.emplace(socket_, *context_);
  }
  place_ = reactor_.connections().insert(reactor_.connections().end(), this);
}

Connection::~Connection() {
  reactor_.connections().erase(place_);
  core_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::arm(std::chrono::milliseconds timeout) {
  timed_out_ = false;
  deadline_ = std::chrono::steady_clock::now() + timeout;
}

void Connection::expire(Time now) {
  if (now < deadline_) return;
  deadline_ = Time::max();
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::stop_soon() {
  closing_ = true;
  error_code ignored;
  if (idle_) socket_.cancel(ignored);
}

void Connection::stop_now() {
  closing_ = broken_ = aborted_ = true;
  error_code ignored;
  socket_.close(ignored);
}

Awaitable<> Connection::run() {
  if (tls_) {
    const bool secured = co_await handshake();
    if (!secured) co_return;
  }
  while (!closing_ && !broken_) {
    const bool has_head = co_await read_head();
    if (!has_head) break;
    co_await serve();
  }
  co_await close();
}

Awaitable<bool> Connection::handshake() {
  arm(core_.settings.header_timeout);
  const auto [failure] = co_await tls_->async_handshake(asio::ssl::stream_base::server, as_result);
  disarm();
  co_return !failure;
}

// False: nothing more to serve. A malformed head is answered here.
Awaitable<bool> Connection::read_head() {
  request_ = Request();
  route_ = nullptr;
  raw_path_ = {};
  parser_.emplace(request_, core_.settings.max_header_bytes);
  if (buffer_.size() == 0 && buffer_.capacity() > kept_buffer_bytes) buffer_.shrink_to_fit();
  idle_ = buffer_.size() == 0;
  arm(idle_ ? core_.settings.idle_timeout : core_.settings.header_timeout);
  while (true) {
    if (buffer_.size() > 0) {
      error_code failure;
      buffer_.consume(parser_->put(buffer_.cdata(), failure));
      if (parser_->is_header_done() && !failure) break;
      if (failure && failure != beast_http::error::need_more) {
        identify();
        Response response = refused(parser_->refusal(failure));
        co_await answer(response);
        co_return false;
      }
    }
    const bool filled = co_await fill(head_read_bytes);
    if (!filled) {
      if (!timed_out_ || !parser_->got_some()) co_return false;
      identify();
      Response response = refused(stalled_head());
      co_await answer(response);
      co_return false;
    }
    if (idle_) arm(core_.settings.header_timeout);
    idle_ = false;
  }
  disarm();
  co_return true;
}

// False when nothing came: the peer closed, or the deadline passed (timed_out_).
Awaitable<bool> Connection::fill(std::size_t bytes) {
  const auto space = buffer_.prepare(bytes);
  error_code failure;
  std::size_t size = 0;
  if (tls_) {
    std::tie(failure, size) = co_await tls_->async_read_some(space, as_result);
  } else {
    std::tie(failure, size) = co_await socket_.async_read_some(space, as_result);
  }
  buffer_.commit(size);
  if (failure && !timed_out_) broken_ = true;
  co_return !failure;
}

// What the kernel takes without waiting. True when that was all of it, or the connection broke.
bool Connection::write_at_once(std::string_view& first, std::string_view& second) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
  error_code failure;
  const std::size_t size = socket_.write_some(buffers, failure);
  if (failure == asio::error::would_block || failure == asio::error::try_again) return false;
  if (failure) {
    broken_ = true;
    return true;
  }
  response_bytes_ += size;
  const std::size_t of_first = std::min(size, first.size());
  first.remove_prefix(of_first);
  second.remove_prefix(size - of_first);
  return first.empty() && second.empty();
}

Awaitable<bool> Connection::write(std::string_view first, std::string_view second) {
  if (broken_) co_return false;
  if (!tls_ && write_at_once(first, second)) co_return !broken_;
  while (!first.empty() || !second.empty()) {
    arm(core_.settings.write_timeout);
    std::string_view& part = first.empty() ? second : first;
    error_code failure;
    std::size_t size = 0;
    if (tls_) {
      std::tie(failure, size) = co_await tls_->async_write_some(asio::buffer(part), as_result);
    } else {
      std::tie(failure, size) = co_await socket_.async_write_some(asio::buffer(part), as_result);
    }
    disarm();
    if (failure) {
      broken_ = aborted_ = true;
      co_return false;
    }
    response_bytes_ += size;
    part.remove_prefix(size);
  }
  co_return true;
}

// Lets the peer read the last answer although it may still be sending: closing at once would reset the connection and
// take the answer from it.
Awaitable<> Connection::close() {
  error_code ignored;
  if (aborted_) {
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
    co_return;
  }
  if (broken_) co_return;
  arm(linger_timeout);
  if (tls_) co_await tls_->async_shutdown(as_result);
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  error_code failure;
  if (!lingers_ && buffer_.size() == 0 && socket_.available(failure) == 0) co_return;
  while (!failure && !timed_out_) {
    buffer_.clear();
    std::size_t size = 0;
    std::tie(failure, size) = co_await socket_.async_read_some(buffer_.prepare(kept_buffer_bytes), as_result);
  }
  socket_.close(ignored);
}

}  // namespace ciclo::http
