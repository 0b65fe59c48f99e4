#include "inner_loop/tracking/mlflow_routes.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

struct WireCode {
  std::string_view name;
  int status = 500;
};

// RESOURCE_ALREADY_EXISTS is 400 in MLflow; clients repeat requests that got 408, 429, 500, 502, 503 or 504.
WireCode wire_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return {"INVALID_PARAMETER_VALUE", 400};
    case ErrorCode::unauthenticated: return {"UNAUTHENTICATED", 401};
    case ErrorCode::denied: return {"PERMISSION_DENIED", 403};
    case ErrorCode::not_found: return {"RESOURCE_DOES_NOT_EXIST", 404};
    case ErrorCode::already_exists: return {"RESOURCE_ALREADY_EXISTS", 400};
    case ErrorCode::conflict: return {"RESOURCE_CONFLICT", 409};
    case ErrorCode::too_large: return {"REQUEST_LIMIT_EXCEEDED", 413};
    case ErrorCode::quota: return {"REQUEST_LIMIT_EXCEEDED", 429};
    case ErrorCode::unsupported: return {"NOT_IMPLEMENTED", 501};
    case ErrorCode::timeout:
    case ErrorCode::unavailable: return {"TEMPORARILY_UNAVAILABLE", 503};
    case ErrorCode::internal: return {"INTERNAL_ERROR", 500};
  }
  return {"INTERNAL_ERROR", 500};
}

http::Handler handler_of(const MlflowEndpoint& endpoint) {
  return [handler = endpoint.handler, respond = endpoint.respond](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(auto arguments, Arguments::of(request));
    Call call{.request = request,
              .workspace = workspace_of(request),
              .caller = resources::caller_of(request),
              .arguments = std::move(arguments)};
    if (respond) return respond(call);
    CICLO_TRY(const auto answer, handler(call));
    return http::Response::json(answer);
  };
}

}  // namespace

http::Response render_mlflow_error(const Error& error) {
  const WireCode code = wire_code(error.code);
  std::string message = error.message;
  if (!error.hint.empty()) message += ". " + error.hint;
  return http::Response::json({{"error_code", code.name}, {"message", message}}, code.status);
}

Result<void> check_named_experiments(std::size_t count) {
  if (count <= max_named_experiments) return {};
  return fail(ErrorCode::invalid, fmt::format("{} experiments are named, at most {} are looked at in one request",
                                              count, max_named_experiments));
}

Result<std::vector<std::int64_t>> experiment_ids_of(const Call& call, std::string_view name) {
  CICLO_TRY(const auto texts, call.arguments.texts(name));
  CICLO_CHECK(check_named_experiments(texts.size()));
  std::vector<std::int64_t> ids;
  ids.reserve(texts.size());
  for (const std::string& text : texts) {
    CICLO_TRY(const auto id, parse_experiment_id(text));
    ids.push_back(id);
  }
  return ids;
}

std::vector<std::int64_t> reachable(const Call& call, std::vector<std::int64_t> experiment_ids) {
  const resources::Reach reach = resources::reach_of(call.request, "experiment");
  std::erase_if(experiment_ids, [&](std::int64_t id) { return !reach.covers(std::to_string(id)); });
  return experiment_ids;
}

std::optional<std::vector<std::int64_t>> reachable_or_all(const Call& call, std::vector<std::int64_t> experiment_ids) {
  if (!experiment_ids.empty()) return reachable(call, std::move(experiment_ids));
  const resources::Reach reach = resources::reach_of(call.request, "experiment");
  if (reach.everything) return std::nullopt;
  for (const std::string& name : reach.names)
    if (const auto id = parse_int(name)) experiment_ids.push_back(*id);
  return experiment_ids;
}

std::string workspace_of(const http::Request& request) {
  const std::string& named = request.parameter("workspace");
  return named.empty() ? "default" : named;
}

Result<void> MlflowRoutes::add_raw(const RawEndpoint& endpoint) {
  for (const std::string_view root : {"", "/workspaces/{workspace}"}) {
    http::Route route;
    route.method = endpoint.method;
    route.pattern = std::string(root) + endpoint.path;
    route.action = endpoint.action;
    route.body = endpoint.body;
    route.body_limit = endpoint.body_limit;
    route.summary = endpoint.summary;
    route.tag = "mlflow";
    route.handler = endpoint.handler;
    route.concerns = endpoint.concerns;
    route.resource_kinds = concerns::kinds_of(endpoint.concerns);
    route.render_error = render_mlflow_error;
    CICLO_CHECK(router_.add(std::move(route)));
  }
  return {};
}

Result<void> MlflowRoutes::add(const MlflowEndpoint& endpoint) {
  for (const std::string_view api : {"/api", "/ajax-api"}) {
    CICLO_CHECK(add_raw({.method = endpoint.method,
                         .path = fmt::format("{}/{}/mlflow/{}", api, endpoint.version, endpoint.path),
                         .action = endpoint.action,
                         .summary = endpoint.summary,
                         .body = http::BodyMode::buffered,
                         .body_limit = endpoint.body_limit,
                         .handler = handler_of(endpoint),
                         .concerns = endpoint.concerns}));
  }
  return {};
}

}  // namespace ciclo::tracking
