// Internal to this folder: the calls into others' code — Guard, handler, error renderer, body source — with their
// exceptions caught. Runs on a worker, or on the I/O thread for Execution::io.
#pragma once

#include <chrono>
#include <memory>

#include "platform/http/core.hpp"
#include "platform/http/exchange.hpp"

namespace ciclo::http {

// The Guard's decision and the rate limit's; nothing when the request may go on, else the answer.
std::optional<Response> admit(const Core& core, const Route& route, Request& request);
// The handler's answer, an Error rendered in the route's dialect.
Response handle(const Core& core, const Route& route, Request& request);
// The real answer of one that comes later; others as they are.
Response finish(const Core& core, const Route& route, const Request& request, Response response);
Response render(const Core& core, const Route& route, const Error& error);
// What a caller is told that has to wait, and for how many whole seconds.
Error too_many_requests(std::chrono::nanoseconds wait);
std::int64_t seconds_up(std::chrono::nanoseconds wait);

// What a worker does for a request. The Core, Route and Request live until the last event is pushed.
struct Work {
  Core* core = nullptr;
  const Route* route = nullptr;
  Request* request = nullptr;
  std::shared_ptr<Exchange> exchange;
  bool admit = false;
  bool handle = false;
};
void perform(const Work& work);
// Sends a streamed answer's pieces, then End.
void pump(const Core& core, const BodySource& source, Exchange& exchange);

}  // namespace ciclo::http
