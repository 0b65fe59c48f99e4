#include "base/wipe.hpp"
#include "scoring/guard.hpp"
#include "scoring/handlers.hpp"

namespace ciclo::scoring {
namespace {

using http::Request;
using http::Response;

// A JSON Schema for one column.
Json schema_of(DataType type) {
  if (type == DataType::bytes) return {{"type", "string"}};
  if (type == DataType::boolean) return {{"type", "boolean"}};
  if (is_integer(type)) return {{"type", "integer"}, {"format", type == DataType::int64 ? "int64" : "int32"}};
  return {{"type", "number"}, {"format", type == DataType::float64 ? "double" : "float"}};
}

Json input_schema(const ModelDescription& model) {
  auto names = Json::array();
  auto row = Json::array();
  auto types = Json::object();
  for (const auto& column : model.columns) {
    names.push_back(column.name);
    types[column.name] = schema_of(column.type);
    if (column.type == DataType::bytes) {
      row.push_back("text");
    } else if (column.type == DataType::boolean) {
      row.push_back(true);
    } else {
      row.push_back(0);
    }
  }
  Json split{{"type", "object"},
             {"required", {"columns", "data"}},
             {"properties",
              {{"columns", {{"type", "array"}, {"items", {{"type", "string"}}}, {"example", names}}},
               {"index", {{"type", "array"}, {"items", {{"type", "integer"}}}}},
               {"data",
                {{"type", "array"},
                 {"items", {{"type", "array"}, {"items", Json::object()}}},
                 {"example", Json::array({row})}}}}},
             {"x-columns", types}};
  return {{"type", "object"}, {"required", {"input_data"}}, {"properties", {{"input_data", split}}}};
}

}  // namespace

Json swagger_document(const EndpointSnapshot& snapshot) {
  Json input{{"type", "object"}};
  for (const auto& deployment : snapshot.deployments) {
    const auto* const chosen = deployment.get();
    // The first deployment's model speaks for the endpoint: one endpoint, one contract.
    input = input_schema(chosen->model().description());
    break;
  }
  const Json answer{{"description", "The predictions, one a row"},
                    {"content", {{"application/json", {{"schema", Json::object()}}}}}};
  const Json post{
      {"operationId", "RunMLService"},
      {"summary", "Answers rows of raw columns"},
      {"security", Json::array({{{"Bearer", Json::array()}}})},
      {"requestBody",
       {{"required", true},
        {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/ServiceInput"}}}}}}}}},
      {"responses", {{"200", answer}, {"default", {{"description", "An error"}}}}}};
  return {{"openapi", "3.0.0"},
          {"info", {{"title", snapshot.settings.endpoint}, {"version", "1.0"}}},
          {"servers", Json::array({{{"url", "/"}}})},
          {"paths", {{"/score", {{"post", post}}}}},
          {"components",
           {{"schemas", {{"ServiceInput", input}}},
            {"securitySchemes", {{"Bearer", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

Result<void> add_control_routes(http::Router& router, const std::shared_ptr<HandlerParts>& parts) {
  const auto route = [](http::Method method, std::string pattern, std::string summary, http::Handler handler) {
    http::Route made;
    made.method = method;
    made.pattern = std::move(pattern);
    made.action = control_action;
    made.summary = std::move(summary);
    made.tag = "control";
    made.handler = std::move(handler);
    return made;
  };
  CICLO_CHECK(
      router.add(route(http::Method::get, "/-/status", "What is loaded and served.",
                       [parts](Request&) -> Result<Response> { return Response::json(parts->endpoint.status()); })));
  CICLO_CHECK(router.add(route(http::Method::post, "/-/reload", "Reads the configuration file again.",
                               [parts](Request&) -> Result<Response> {
                                 CICLO_CHECK(parts->reload());
                                 return Response::json(parts->endpoint.status());
                               })));
  auto secrets = route(http::Method::put, "/-/secrets", "Takes the values of secrets for what is loaded next.",
                       [parts](Request& request) -> Result<Response> {
                         const WipedText bytes(std::move(request.body));
                         CICLO_CHECK(parts->endpoint.secrets().take(bytes.get()));
                         return Response::empty();
                       });
  secrets.body_limit = max_private_pairs_bytes;
  CICLO_CHECK(router.add(std::move(secrets)));
  auto metrics = route(
      http::Method::get, "/metrics", "Counters in Prometheus' text format.", [parts](Request&) -> Result<Response> {
        return Response::text(parts->endpoint.metrics_text(), "text/plain; version=0.0.4; charset=utf-8");
      });
  metrics.action.clear();
  metrics.access = http::Access::open;
  metrics.execution = http::Execution::io;
  return router.add(std::move(metrics));
}

}  // namespace ciclo::scoring
