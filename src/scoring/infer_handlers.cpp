#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "scoring/handlers.hpp"
#include "scoring/infer_protocol.hpp"
#include "scoring/prediction.hpp"

namespace ciclo::scoring {
namespace {

using http::Request;
using http::Response;
using Parts = std::shared_ptr<HandlerParts>;

// The protocol's own form of an Error.
Response infer_error(const Error& error) {
  const auto text = error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
  return Response::json(Json{{"error", text}}, http::status_of(error.code));
}

// `M` is a deployment's name, or a model's: then of the deployment that takes the most traffic.
Result<Deployment*> find_model(const EndpointSnapshot& snapshot, const std::string& name, const std::string& version) {
  Deployment* found = snapshot.find(name);
  int share = -1;
  for (const auto& deployment : snapshot.deployments) {
    if (found && found->name() == name) break;
    const auto& model = deployment->settings().model;
    if (model.name != name || (!version.empty() && model.version != version)) continue;
    int percent = 0;
    for (const auto& traffic : snapshot.settings.traffic)
      percent += traffic.deployment == deployment->name() ? traffic.percent : 0;
    if (percent > share) found = deployment.get();
    share = std::max(share, percent);
  }
  if (found && (version.empty() || found->settings().model.version == version)) return found;
  std::vector<std::string> names;
  for (const auto& deployment : snapshot.deployments) {
    names.push_back(deployment->name());
    names.push_back(deployment->settings().model.name);
  }
  const auto near = nearest(name, names);
  const bool only_version = found != nullptr;
  return fail(ErrorCode::not_found,
              only_version ? fmt::format("model '{}' has no version '{}' here", name, version)
                           : fmt::format("there is no model '{}'", name),
              {}, near && !only_version ? fmt::format("the nearest is '{}'", *near) : "");
}

Result<Deployment*> model_of(const EndpointSnapshot& snapshot, const Request& request) {
  return find_model(snapshot, request.parameter("model"), request.parameter("version"));
}

Result<std::optional<std::size_t>> json_length_of(const Request& request) {
  const auto header = request.headers.find("inference-header-content-length");
  if (!header) return std::optional<std::size_t>();
  const auto length = parse_int(*header);
  if (!length || *length < 0)
    return fail(ErrorCode::invalid, "the header Inference-Header-Content-Length is no whole number");
  return std::optional(static_cast<std::size_t>(*length));
}

Result<Response> infer(Prediction& prediction, const Request& request) {
  CICLO_TRY(const auto json_length, json_length_of(request));
  const auto& model = prediction.deployment().model().description();
  if (model.inputs.empty())
    return fail(ErrorCode::unsupported, "this model takes no tensors", {}, "use /score or /invocations");
  CICLO_TRY(auto wanted, read_infer_request(request.body, json_length, model));
  CICLO_TRY(const auto permit, prediction.enter());
  CICLO_TRY(auto outputs, prediction.deployment().model().infer(wanted.inputs, prediction.deadline()));
  auto answer = write_infer_answer(wanted, model, outputs);
  Response response;
  response.body = std::move(answer.body);
  if (answer.json_length) {
    response.headers.add("content-type", "application/octet-stream");
    response.headers.add("inference-header-content-length", std::to_string(*answer.json_length));
  } else {
    response.headers.add("content-type", "application/json");
  }
  if (prediction.keep_exchange()) {
    prediction.collect(prediction.deployment().model().exchange_of(std::move(wanted.inputs), std::move(outputs)));
  }
  return response;
}

Result<Response> handle_infer(HandlerParts& parts, const Request& request) {
  Prediction prediction(parts, request);
  CICLO_TRY(auto* const deployment, model_of(prediction.snapshot(), request));
  prediction.use(*deployment);
  auto response = infer(prediction, request);
  if (!response) {
    auto rendered = infer_error(response.error());
    prediction.note_failure(response.error());
    prediction.finish(rendered);
    return rendered;
  }
  prediction.finish(*response);
  return response;
}

Result<Response> ready_answer(bool is_ready) {
  if (!is_ready) return fail(ErrorCode::unavailable, "not ready");
  return Response::empty(200);
}

Result<void> add(http::Router& router, std::string pattern, http::Access access, http::Handler handler) {
  http::Route route;
  route.pattern = std::move(pattern);
  route.access = access;
  route.action = access == http::Access::open ? "" : "scorer/read";
  route.execution = http::Execution::io;
  route.tag = "open-inference-protocol";
  route.summary = "Open Inference Protocol v2.";
  route.handler = std::move(handler);
  route.render_error = infer_error;
  return router.add(std::move(route));
}

Result<void> add_infer(http::Router& router, std::string pattern, const Parts& parts, std::size_t max_body_bytes) {
  http::Route route;
  route.method = http::Method::post;
  route.pattern = std::move(pattern);
  route.action = "scorer/read";
  route.body_limit = max_body_bytes;
  route.tag = "open-inference-protocol";
  route.summary = "Answers tensors.";
  route.execution_now = [&endpoint = parts->endpoint] {
    return endpoint.is_quick() ? http::Execution::io : http::Execution::worker;
  };
  route.handler = [parts](Request& request) { return handle_infer(*parts, request); };
  route.render_error = infer_error;
  return router.add(std::move(route));
}

}  // namespace

Result<void> add_infer_routes(http::Router& router, const Parts& parts, std::size_t max_body_bytes) {
  using http::Access;
  CICLO_CHECK(add(router, "/v2", Access::open, [](Request&) -> Result<Response> {
    return Response::json(Json{{"name", "ciclo-scorer"}, {"version", "0.1.0"}, {"extensions", {"binary_tensor_data"}}});
  }));
  CICLO_CHECK(add(router, "/v2/health/live", Access::open, [](Request&) { return ready_answer(true); }));
  CICLO_CHECK(add(router, "/v2/health/ready", Access::open, [parts](Request&) {
    const auto snapshot = parts->endpoint.snapshot();
    bool ready = snapshot->generation > 0 && snapshot->failed.empty();
    for (const auto& deployment : snapshot->deployments) ready = ready && deployment->model().is_ready();
    return ready_answer(ready);
  }));
  for (const std::string pattern : {"/v2/models/{model}", "/v2/models/{model}/versions/{version}"}) {
    CICLO_CHECK(add(router, pattern, Access::required, [parts](Request& request) -> Result<Response> {
      const auto snapshot = parts->endpoint.snapshot();
      CICLO_TRY(const auto* const deployment, model_of(*snapshot, request));
      return Response::json(model_metadata(deployment->model().description()));
    }));
    CICLO_CHECK(add(router, pattern + "/ready", Access::required, [parts](Request& request) -> Result<Response> {
      const auto snapshot = parts->endpoint.snapshot();
      CICLO_TRY(const auto* const deployment, model_of(*snapshot, request));
      return ready_answer(deployment->model().is_ready());
    }));
    CICLO_CHECK(add_infer(router, pattern + "/infer", parts, max_body_bytes));
  }
  return {};
}

}  // namespace ciclo::scoring
