// An HTTP/1.1 server: Boost.Beast with coroutines on a few I/O threads, handlers on a worker pool or inline.
//
// Per request: read the head (bounded in size and time) → find the route → Guard → read the body up to the route's
// limit → handler → write. Keep-alive and pipelining are supported; Expect: 100-continue is answered; gzip and deflate
// request bodies are inflated under the same limit. Every answer carries x-request-id, and the headers that keep
// browsers from misusing it (answer.hpp) unless the handler set its own.
//
// The Guard runs where the route's handler runs, so the Guard of Execution::io routes must not block.
//
// Thread safety: start() and stop() from one thread; the rest from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "platform/http/rate_limit.hpp"
#include "platform/http/router.hpp"

namespace ciclo::http {

// Looked at again while the server runs: new files take effect for new connections, about a second after both are
// there.
struct TlsSettings {
  std::string certificate_file;  // PEM chain
  std::string key_file;          // PEM
};

struct ServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free port
  int io_threads = 1;
  int worker_threads = 32;
  std::size_t max_connections = 4096;
  std::size_t max_header_bytes = 32U << 10U;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};  // between two pieces of a body
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests
  std::chrono::milliseconds write_timeout{60'000};
  std::size_t worker_queue = 1024;  // requests that wait for a worker; more get 503 with Retry-After
  std::optional<TlsSettings> tls;
  // Must outlive the server; null: no limits. Asked with the principal that the Guard found; with the remote address
  // for requests to open routes, for those that the Guard finds nobody for, and for those that no route takes.
  RateLimiter* limiter = nullptr;
  // Told of each failure that is this server's own: a handler that threw, or returned ErrorCode::internal. For the log;
  // from any thread; must not block. The text may name the request's path and id, never its body or headers.
  std::function<void(std::string_view)> on_failure;
};

// Called after each answer, from any thread; for metrics and the access log. Must not block.
struct Served {
  const Route* route = nullptr;  // null when none matched
  Method method = Method::get;
  int status = 0;
  std::chrono::nanoseconds duration{};
  std::size_t request_bytes = 0;
  std::size_t response_bytes = 0;
  std::string_view request_id;
  std::string_view principal;
  std::string_view path;
};

class Server {
 public:
  // `router` and `guard` must outlive the server. `guard` may be null: then Access::required routes are refused.
  Server(const Router& router, Guard* guard, ServerSettings settings,
         std::function<void(const Served&)> on_served = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens; returns once connections are accepted. Fails with conflict when the port is in use, denied for a
  // privileged port, invalid for an unusable address or certificate.
  Result<void> start();
  std::uint16_t port() const;
  // Takes no new connections, lets running requests finish for up to `grace`, then closes what is left. Handlers and
  // body sources are never killed: one that blocks for longer delays the return until it comes back.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ciclo::http
