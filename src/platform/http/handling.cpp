#include "platform/http/handling.hpp"

#include <algorithm>
#include <exception>

#include "platform/http/later.hpp"

namespace ciclo::http {
namespace {

Error own_failure() {
  return {.code = ErrorCode::internal,
          .message = "the server failed at this request",
          .target = {},
          .hint = "the server's log says more under the id in x-request-id",
          .details = {}};
}

void report(const Core& core, const Request& request, std::string_view what) {
  core.report(std::string(name_of(request.method)) + " " + request.path + " (request " + request.request_id +
              "): " + std::string(what));
}

// `call()`, with an exception turned into own_failure() and reported.
template <class Call>
auto guarded(const Core& core, const Request& request, const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& exception) {
    report(core, request, std::string("exception: ") + exception.what());
  } catch (...) {
    report(core, request, "an exception of unknown type");
  }
  return std::unexpected(own_failure());
}

}  // namespace

Response render(const Core& core, const Route& route, const Error& error) {
  try {
    return route.render_error ? route.render_error(error) : error_response(error);
  } catch (const std::exception& exception) {
    core.report("the error renderer of " + route.pattern + " threw: " + exception.what());
    return error_response(own_failure());
  }
}

std::int64_t seconds_up(std::chrono::nanoseconds wait) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
}

Error too_many_requests(std::chrono::nanoseconds wait) {
  const std::int64_t seconds = seconds_up(wait);
  return {.code = ErrorCode::quota,
          .message = "too many requests",
          .target = {},
          .hint = "try again in " + std::to_string(seconds) + (seconds == 1 ? " second" : " seconds"),
          .details = {}};
}

std::optional<Response> admit(const Core& core, const Route& route, Request& request) {
  RateLimiter* const limiter = core.settings.limiter;
  const auto limited = [&](std::chrono::nanoseconds wait) -> std::optional<Response> {
    if (wait.count() == 0) return std::nullopt;
    Response response = render(core, route, too_many_requests(wait));
    response.headers.set("retry-after", std::to_string(seconds_up(wait)));
    return response;
  };
  if (route.access == Access::open)
    return limiter ? limited(limiter->take_address(request.remote_address)) : std::nullopt;
  // An address that has used up its failures is not looked at further: else it could go on guessing.
  if (limiter)
    if (auto refused = limited(limiter->wait_of_address(request.remote_address))) return refused;
  const auto admitted = guarded(core, request, [&]() -> Result<void> {
    if (core.guard) return core.guard->admit(route, request);
    return fail(ErrorCode::unauthenticated, "this server lets nobody in: it has no guard");
  });
  if (limiter) {
    const auto wait = request.principal.empty() ? limiter->take_address(request.remote_address)
                                                : limiter->take_principal(request.principal);
    if (auto refused = limited(wait)) return refused;
  }
  if (admitted) return std::nullopt;
  return render(core, route, admitted.error());
}

Response handle(const Core& core, const Route& route, Request& request) {
  auto result = guarded(core, request, [&]() -> Result<Response> {
    if (core.guard && !route.resource_kinds.empty()) CICLO_CHECK(core.guard->judge(route, request));
    CICLO_TRY(Response answer, route.handler(request));
    const bool judges_itself = core.guard && route.access == Access::required && route.action.empty();
    if (judges_itself && route.method == Method::get) CICLO_CHECK(core.guard->answered(route, request));
    return answer;
  });
  if (result) return *std::move(result);
  if (result.error().code == ErrorCode::internal) report(core, request, result.error().text());
  const bool is_refused = result.error().code == ErrorCode::denied || !request.refusal.empty();
  if (is_refused && core.guard) core.guard->refused(route, request, result.error());
  return render(core, route, result.error());
}

Response finish(const Core& core, const Route& route, const Request& request, Response response) {
  const LaterAnswer* later = later_answer(response);
  if (!later) return response;
  auto result = guarded(core, request, [&]() -> Result<Response> { return (*later)(); });
  if (result) return *std::move(result);
  return render(core, route, result.error());
}

void pump(const Core& core, const BodySource& source, Exchange& exchange) {
  while (true) {
    Result<std::string> piece;
    try {
      piece = source();
    } catch (const std::exception& exception) {
      core.report(std::string("a body source threw: ") + exception.what());
      piece = std::unexpected(own_failure());
    }
    if (!piece) return exchange.push(Exchange::End{.complete = false});
    if (piece->empty()) return exchange.push(Exchange::End{.complete = true});
    if (!exchange.send(*std::move(piece))) return exchange.push(Exchange::End{.complete = false});
  }
}

void perform(const Work& work) {
  std::optional<Response> response;
  if (work.admit) response = admit(*work.core, *work.route, *work.request);
  if (!response && !work.handle) return work.exchange->push(Exchange::Admitted{});
  if (!response) {
    response = handle(*work.core, *work.route, *work.request);
    response = finish(*work.core, *work.route, *work.request, *std::move(response));
  }
  const bool streams = response->stream && work.request->method != Method::head;
  const BodySource source = streams ? std::move(response->stream) : BodySource();
  const Core& core = *work.core;
  // After an answer that does not stream, the connection may be gone before this returns.
  work.exchange->push(Exchange::Answer{.response = *std::move(response), .streams = streams});
  if (streams) pump(core, source, *work.exchange);
}

}  // namespace ciclo::http
