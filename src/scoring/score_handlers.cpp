#include <fmt/format.h>

#include "scoring/handlers.hpp"
#include "scoring/prediction.hpp"

namespace ciclo::scoring {
namespace {

using http::Method;
using http::Request;
using http::Response;
using Parts = std::shared_ptr<HandlerParts>;

enum class Wrapping : std::uint8_t { bare, predictions };

Result<ScoreAnswer> predict(Prediction& prediction, const Request& request) {
  CICLO_CHECK(prediction.choose());
  CICLO_TRY(const auto permit, prediction.enter());
  return prediction.deployment().model().score({request.body, prediction.deadline(), prediction.keep_exchange()});
}

Response score(HandlerParts& parts, const Request& request, Wrapping wrapping) {
  Prediction prediction(parts, request);
  auto answer = predict(prediction, request);
  if (!answer) return prediction.failure(answer.error());
  Response response;
  response.headers.add("content-type", "application/json");
  if (wrapping == Wrapping::predictions) {
    response.body = R"({"predictions":)" + answer->body + "}";
  } else {
    response.body = std::move(answer->body);
  }
  prediction.collect(std::move(answer->exchange));
  prediction.mirror(request.body);
  prediction.finish(response);
  return response;
}

http::Route score_route(const Parts& parts, std::string pattern, Wrapping wrapping, std::size_t max_body_bytes) {
  http::Route route;
  route.method = Method::post;
  route.pattern = std::move(pattern);
  route.action = "scorer/read";
  route.body_limit = max_body_bytes;
  route.summary = "Answers rows of raw columns.";
  route.tag = "scoring";
  route.execution_now = [&endpoint = parts->endpoint] {
    return endpoint.is_quick() ? http::Execution::io : http::Execution::worker;
  };
  route.handler = [parts, wrapping](Request& request) -> Result<Response> { return score(*parts, request, wrapping); };
  return route;
}

http::Route open_route(std::string pattern, std::string summary, http::Handler handler) {
  http::Route route;
  route.pattern = std::move(pattern);
  route.access = http::Access::open;
  route.execution = http::Execution::io;
  route.summary = std::move(summary);
  route.tag = "scoring";
  route.handler = std::move(handler);
  return route;
}

}  // namespace

Result<void> add_score_routes(http::Router& router, const Parts& parts, std::size_t max_body_bytes) {
  CICLO_CHECK(router.add(score_route(parts, "/score", Wrapping::bare, max_body_bytes)));
  CICLO_CHECK(router.add(score_route(parts, "/invocations", Wrapping::predictions, max_body_bytes)));
  // Azure ML's liveness probe.
  CICLO_CHECK(router.add(open_route("/", "Says that the process is alive.",
                                    [](Request&) -> Result<Response> { return Response::text("Healthy"); })));
  const auto ping = [parts](Request&) -> Result<Response> {
    if (parts->endpoint.snapshot()->generation == 0) return fail(ErrorCode::unavailable, "no model is loaded yet");
    return Response::text("\n");
  };
  CICLO_CHECK(router.add(open_route("/ping", "MLflow's health check.", ping)));
  CICLO_CHECK(router.add(open_route("/health", "MLflow's health check.", ping)));
  auto swagger = open_route("/swagger.json", "The request's shape as OpenAPI.", [parts](Request&) -> Result<Response> {
    return Response::json(swagger_document(*parts->endpoint.snapshot()));
  });
  swagger.access = http::Access::required;
  swagger.action = "scorer/read";
  return router.add(std::move(swagger));
}

Result<void> add_routes(http::Router& router, const Parts& parts, std::size_t max_body_bytes) {
  CICLO_CHECK(add_score_routes(router, parts, max_body_bytes));
  CICLO_CHECK(add_infer_routes(router, parts, max_body_bytes));
  return add_control_routes(router, parts);
}

}  // namespace ciclo::scoring
