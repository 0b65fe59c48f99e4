#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "platform/http/router.hpp"

namespace ciclo::http {
namespace {

// "GET /api/v1/workspaces/{workspace}/jobs" → "get_workspaces_workspace_jobs"
std::string operation_id(const Route& route, std::set<std::string>& taken) {
  std::string id = to_lower(name_of(route.method));
  for (const std::string& segment : split(route.pattern, '/')) {
    if (segment.empty() || segment == "api" || segment == "v1") continue;
    id.push_back('_');
    for (const char c : segment) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (plain) id.push_back(c);
      if (!plain && c != '{' && c != '}' && c != '*') id.push_back('_');
    }
  }
  std::string unique = id;
  for (int number = 2; !taken.insert(unique).second; ++number) unique = id + "_" + std::to_string(number);
  return unique;
}

Json parameters_of(std::string_view pattern) {
  Json parameters = Json::array();
  for (const std::string& segment : split(pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    const bool rest = segment.ends_with("*}");
    Json parameter = {{"name", segment.substr(1, segment.size() - (rest ? 3 : 2))},
                      {"in", "path"},
                      {"required", true},
                      {"schema", {{"type", "string"}}}};
    if (rest) parameter["description"] = "A path: it may hold slashes.";
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Json body_of(const Json& schema) {
  return {{"application/json", {{"schema", schema.is_null() ? Json(true) : schema}}}};
}

Json responses_of(const Route& route) {
  Json answered = {{"description", "Done."}};
  if (!route.response_schema.is_null()) answered["content"] = body_of(route.response_schema);
  return {{"200", std::move(answered)}, {"default", {{"$ref", "#/components/responses/Error"}}}};
}

Json operation_of(const Route& route, std::set<std::string>& taken) {
  Json operation = {{"operationId", operation_id(route, taken)}};
  if (!route.summary.empty()) operation["summary"] = route.summary;
  if (!route.tag.empty()) operation["tags"] = Json::array({route.tag});
  if (const Json parameters = parameters_of(route.pattern); !parameters.empty()) operation["parameters"] = parameters;
  if (!route.request_schema.is_null()) {
    operation["requestBody"] = {{"required", true}, {"content", body_of(route.request_schema)}};
  } else if (route.body == BodyMode::streamed) {
    operation["requestBody"] = {{"content", {{"application/octet-stream", Json::object()}}}};
  }
  operation["responses"] = responses_of(route);
  if (route.access == Access::open) operation["security"] = Json::array();
  if (!route.action.empty()) operation["x-action"] = route.action;
  operation["x-body-limit-bytes"] = route.body_limit;
  return operation;
}

Json error_schema() {
  const Json text = {{"type", "string"}};
  const Json item = {{"$ref", "#/components/schemas/ErrorItem"}};
  Json properties = {{"code", text}, {"message", text}, {"target", text}, {"hint", text}};
  properties["details"] = {{"type", "array"}, {"items", item}};
  return {{"ErrorItem", {{"type", "object"}, {"required", {"code", "message"}}, {"properties", properties}}},
          {"Error", {{"type", "object"}, {"required", Json::array({"error"})}, {"properties", {{"error", item}}}}}};
}

}  // namespace

Json openapi_document(const Router& router, std::string_view title, std::string_view version) {
  Json paths = Json::object();
  std::set<std::string> taken;
  std::set<std::string> tags;
  for (const auto& route : router.routes()) {
    const std::string path = replace_all(route->pattern, "*}", "}");
    paths[path][to_lower(name_of(route->method))] = operation_of(*route, taken);
    if (!route->tag.empty()) tags.insert(route->tag);
  }
  Json document = {{"openapi", "3.1.0"}, {"info", {{"title", title}, {"version", version}}}};
  Json tag_list = Json::array();
  for (const std::string& tag : tags) tag_list.push_back({{"name", tag}});
  document["tags"] = std::move(tag_list);
  document["security"] = Json::array({{{"bearer", Json::array()}}});
  document["paths"] = std::move(paths);
  document["components"] = {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
                            {"schemas", error_schema()},
                            {"responses",
                             {{"Error",
                               {{"description", "It failed; the body says why."},
                                {"content", body_of({{"$ref", "#/components/schemas/Error"}})}}}}}};
  return document;
}

}  // namespace ciclo::http
