#include "platform/http/client_connection.hpp"

#include <openssl/ssl.h>
#include <poll.h>

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

namespace ciclo::http {

const short WaitingSocket::read_events = POLLIN;
const short WaitingSocket::write_events = POLLOUT;

void WaitingSocket::connect(const tcp::endpoint& endpoint, std::chrono::milliseconds timeout, error_code& failure) {
  socket_.open(endpoint.protocol(), failure);
  if (!failure) socket_.non_blocking(true, failure);
  if (failure) return;
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.connect(endpoint, failure);
  if (failure != asio::error::in_progress && failure != asio::error::would_block) return;
  if (!wait_for(write_events, timeout)) {
    failure = asio::error::timed_out;
    return;
  }
  int status = 0;
  socklen_t size = sizeof(status);
  getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &status, &size);
  failure = error_code(status, boost::system::system_category());
}

bool WaitingSocket::wait_for(short events, std::chrono::milliseconds timeout) {
  const auto end = std::min(std::chrono::steady_clock::now() + timeout, deadline_);
  while (true) {
    pollfd descriptor{.fd = socket_.native_handle(), .events = events, .revents = 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = poll(&descriptor, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return true;  // the operation itself then says what is wrong
  }
}

error_code ClientConnection::connect(const tcp::endpoint& endpoint, std::chrono::milliseconds timeout) {
  error_code failure;
  socket_.connect(endpoint, timeout, failure);
  return failure;
}

error_code ClientConnection::start_tls(TlsContext& context, const std::string& host) {
  tls_.emplace(socket_, context);
  error_code failure;
  error_code no_address;
  asio::ip::make_address(host, no_address);
  if (no_address) {  // SNI takes names only
    std::string name = host;
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  tls_->set_verify_callback(asio::ssl::host_name_verification(host), failure);
  if (!failure) tls_->handshake(asio::ssl::stream_base::client, failure);
  return failure;
}

error_code ClientConnection::write(std::string_view bytes) {
  error_code failure;
  if (tls_) {
    asio::write(*tls_, asio::buffer(bytes), failure);
  } else {
    asio::write(socket_, asio::buffer(bytes), failure);
  }
  return failure;
}

error_code ClientConnection::read() {
  static constexpr std::size_t read_bytes = 64U << 10U;
  error_code failure;
  const auto space = buffer_.prepare(read_bytes);
  buffer_.commit(tls_ ? tls_->read_some(space, failure) : socket_.read_some(space, failure));
  return failure;
}

bool ClientConnection::is_end(const error_code& failure) {
  return failure == asio::error::eof;
}

}  // namespace ciclo::http
