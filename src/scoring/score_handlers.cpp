#include <fmt/format.h>

#include "platform/http/later.hpp"
#include "scoring/handlers.hpp"
#include "scoring/prediction.hpp"

namespace ciclo::scoring {
namespace {

using http::Method;
using http::Request;
using http::Response;
using Parts = std::shared_ptr<HandlerParts>;

enum class Wrapping : std::uint8_t { bare, predictions };

// One request on its way; the deployment's place is held until the answer is
// made.
class Scoring {
 public:
  Scoring(HandlerParts& parts, const Request& request, Wrapping wrapping)
      : request_(request), wrapping_(wrapping), prediction_(parts, request) {}

  // True when finish() gives the answer, together with those of others; false
  // when score() does.
  Result<bool> begin() {
    CICLO_CHECK(prediction_.choose());
    CICLO_TRY(auto permit, prediction_.enter());
    permit_.emplace(std::move(permit));
    CICLO_TRY(pending_, prediction_.deployment().model().begin_score(score_request()));
    return pending_ != nullptr;
  }
  Response score() { return respond(prediction_.deployment().model().score(score_request())); }
  Response finish() { return respond(pending_->finish()); }
  Response failure(const Error& error) const { return prediction_.failure(error); }

 private:
  ScoreRequest score_request() const { return {request_.body, prediction_.deadline(), prediction_.keep_exchange()}; }

  Response respond(Result<ScoreAnswer> answer) {
    if (!answer) return failure(answer.error());
    Response response;
    response.headers.add("content-type", "application/json");
    if (wrapping_ == Wrapping::predictions) {
      response.body = R"({"predictions":)" + answer->body + "}";
    } else {
      response.body = std::move(answer->body);
    }
    prediction_.collect(std::move(answer->exchange));
    prediction_.mirror(request_.body);
    prediction_.finish(response);
    return response;
  }

  const Request& request_;
  const Wrapping wrapping_;
  Prediction prediction_;
  std::optional<Admission::Permit> permit_;
  std::unique_ptr<PendingScore> pending_;
};

Response score(HandlerParts& parts, const Request& request, Wrapping wrapping) {
  const auto scoring = std::make_shared<Scoring>(parts, request, wrapping);
  const auto begun = scoring->begin();
  if (!begun) return scoring->failure(begun.error());
  if (!*begun) return scoring->score();
  return http::answer_later([scoring] { return scoring->finish(); });
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
