// Internal to this folder: a client's socket, used synchronously with a deadline for each wait, plain or under TLS.
//
// Thread safety: one thread at a time.
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "platform/http/asio.hpp"
#include "platform/http/tls.hpp"

namespace ciclo::http {

// A non-blocking socket that waits by poll(2): what ssl::stream and the code above read and write.
class WaitingSocket {
 public:
  using lowest_layer_type = WaitingSocket;
  using executor_type = Executor;

  WaitingSocket(Executor executor, std::chrono::milliseconds timeout)
      : socket_(std::move(executor)), timeout_(timeout) {}

  WaitingSocket& lowest_layer() { return *this; }
  const WaitingSocket& lowest_layer() const { return *this; }
  executor_type get_executor() { return socket_.get_executor(); }

  void connect(const tcp::endpoint& endpoint, std::chrono::milliseconds timeout, error_code& failure);
  // No wait goes beyond it.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  bool is_readable() { return wait_for(read_events, std::chrono::milliseconds(0)); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& failure) {
    return retry(read_events, failure, [&] { return socket_.read_some(buffers, failure); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& failure) {
    return retry(write_events, failure, [&] { return socket_.write_some(buffers, failure); });
  }

 private:
  static const short read_events;
  static const short write_events;

  bool wait_for(short events, std::chrono::milliseconds timeout);

  template <class Operation>
  std::size_t retry(short events, error_code& failure, const Operation& operation) {
    while (true) {
      // Also for a peer that always has a little more to say.
      if (std::chrono::steady_clock::now() >= deadline_) {
        failure = asio::error::timed_out;
        return 0;
      }
      const std::size_t size = operation();
      if (failure != asio::error::would_block && failure != asio::error::try_again) return size;
      if (wait_for(events, timeout_)) continue;
      failure = asio::error::timed_out;
      return 0;
    }
  }

  Socket socket_;
  std::chrono::milliseconds timeout_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

class ClientConnection {
 public:
  ClientConnection(Executor executor, std::chrono::milliseconds timeout) : socket_(std::move(executor), timeout) {}

  error_code connect(const tcp::endpoint& endpoint, std::chrono::milliseconds timeout);
  void set_deadline(std::chrono::steady_clock::time_point deadline) { socket_.set_deadline(deadline); }
  // Verifies that the peer's certificate is for `host`.
  error_code start_tls(TlsContext& context, const std::string& host);
  error_code write(std::string_view bytes);
  // Appends what came to buffer(). EOF is an error_code too (is_end).
  error_code read();
  static bool is_end(const error_code& failure);
  // The peer has said something, or hung up, although nothing was asked.
  bool has_news() { return socket_.is_readable(); }
  boost::beast::flat_buffer& buffer() { return buffer_; }

 private:
  WaitingSocket socket_;
  std::optional<asio::ssl::stream<WaitingSocket&>> tls_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace ciclo::http
