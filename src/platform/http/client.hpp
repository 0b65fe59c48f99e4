// An HTTP/1.1 client with kept-alive connections, for the command line, the controllers and the tests.
//
// A request that fails on a kept connection before any answer is sent once more on a new one when that is harmless:
// GET, HEAD, PUT, DELETE, OPTIONS without a body stream. TLS peers are verified, name included. Redirects are answers
// like others: they are not followed.
//
// A client whose addresses come from users gets a policy (outbound.hpp): then it connects to addresses only that the
// policy let through.
//
// Thread safety: a Client may be used from any thread; each call takes a connection of its own from its pool.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "platform/http/message.hpp"
#include "platform/http/outbound.hpp"

namespace ciclo::http {

struct ClientSettings {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};       // between two pieces of the answer
  std::chrono::milliseconds total_timeout{0};      // of connecting, and of the request after it; 0: none
  std::size_t max_response_bytes = 64U << 20U;     // of a buffered answer
  std::string certificate_authority_file;          // empty: the system's
  Headers default_headers;                         // authorization, for example
  std::shared_ptr<const OutboundPolicy> outbound;  // null: any address
};

struct ClientRequest {
  Method method = Method::get;
  std::string url;  // "http://127.0.0.1:8080/api/v1/…", also https
  Headers headers;
  std::string body;
  BodySource body_stream;                    // used instead of `body` when set
  std::optional<std::uint64_t> body_length;  // Content-Length of body_stream; chunked without it
  // When set, the body of a 2xx answer is handed here piece by piece instead of being kept; returning an Error stops.
  // The body of any other answer is kept, so that its message can be read.
  std::function<Result<void>(std::string_view)> sink;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class Client {
 public:
  explicit Client(ClientSettings settings = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any HTTP status is a success here. Fails with unavailable when the server cannot be reached (the message names the
  // address), timeout, too_large, invalid for a URL that is none, denied by the policy.
  Result<ClientResponse> send(const ClientRequest& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ciclo::http
