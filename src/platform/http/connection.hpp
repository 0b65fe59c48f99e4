// Internal to this folder: one client's connection, a coroutine on its reactor's thread.
//
// Life: [TLS] → { head → route → Guard → body → handler → answer } until it is closed. Small requests to Execution::io
// routes take one read and one write and never leave the thread.
//
// Thread safety: everything on the reactor's thread, except what handling.hpp does with the request on a worker while
// the coroutine waits for it.
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>

#include "platform/http/core.hpp"
#include "platform/http/exchange.hpp"
#include "platform/http/parser.hpp"

namespace ciclo::http {

class Connection {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Connection(Core& core, Reactor& reactor, Socket socket);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Awaitable<> run();
  void expire(Time now);  // ends the running read or write when its deadline is over
  void stop_soon();       // ends now when idle, else after the running request
  void stop_now();

 private:
  enum class Received : std::uint8_t { complete, refused, gone };

  // connection.cpp: the loop and the bytes
  Awaitable<bool> handshake();
  Awaitable<bool> read_head();
  Awaitable<bool> fill(std::size_t bytes);
  Awaitable<bool> write(std::string_view first, std::string_view second = {});
  bool write_at_once(std::string_view& first, std::string_view& second);
  Awaitable<> close();
  void arm(std::chrono::milliseconds timeout);
  void disarm() { deadline_ = Time::max(); }

  // connection_serve.cpp: one request
  Awaitable<> serve();
  void identify();  // the request's id
  std::optional<Response> find_route();
  std::optional<Response> without_route(const Router::Match& match);
  std::optional<Response> check_announced_body();
  std::optional<Response> limit_address();
  Response refused(const Refusal& refusal) const;
  std::optional<Response> finish_body();
  Awaitable<> serve_inline();
  Awaitable<> serve_on_worker();
  bool submit(const std::shared_ptr<Exchange>& exchange, bool admit, bool handle);
  Response overloaded() const;
  Awaitable<> converse(const std::shared_ptr<Exchange>& exchange);

  // connection_body.cpp
  bool feed();  // parses what is buffered; false when it is refused (refusal_)
  Awaitable<Received> receive_body();
  Awaitable<Result<std::string>> pull(std::size_t max);
  void read_ahead(std::size_t most);
  Awaitable<bool> invite_body();
  bool body_is_read();

  // connection_answer.cpp
  Awaitable<bool> answer(const Response& response);
  Awaitable<bool> answer_head_of_stream(const Response& response);
  Awaitable<bool> answer_piece(const std::string& bytes);
  Awaitable<bool> answer_end();
  void begin_answer(int status);
  void report_served();

  Core& core_;
  Reactor& reactor_;
  Socket socket_;
  std::shared_ptr<TlsContext> context_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  std::list<Connection*>::iterator place_;
  boost::beast::flat_buffer buffer_;
  std::string remote_address_;
  Time deadline_ = Time::max();
  bool timed_out_ = false;
  bool idle_ = false;
  bool closing_ = false;  // no further request on this connection
  bool broken_ = false;   // nothing more can be written
  bool lingers_ = false;  // the peer may still be sending
  bool aborted_ = false;  // cut, so that the peer sees that the answer is incomplete

  // of the running request
  std::optional<RequestParser> parser_;
  Request request_;
  const Route* route_ = nullptr;
  std::string_view raw_path_;
  std::string piece_;  // streamed body: parsed, not yet taken by the handler
  Refusal refusal_;
  bool stalled_ = false;       // the client did not send the body that the handler waited for
  bool body_refused_ = false;  // as refusal_ says; nothing more of it is parsed
  bool invited_ = false;       // 100 Continue was sent
  Time started_;
  std::string out_;
  std::string header_out_;
  int status_ = 0;
  std::size_t response_bytes_ = 0;
  bool chunked_ = false;
  bool first_chunk_ = true;
  std::optional<std::uint64_t> stream_left_;
};

}  // namespace ciclo::http
