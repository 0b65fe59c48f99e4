#include "inner_loop/graphql/handlers.hpp"

#include <fmt/format.h>

#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::graphql {
namespace {

constexpr std::size_t max_body = 256U << 10U;
// Of one inner request.
constexpr std::size_t max_answer = 256U << 20U;

// A value as a query says it; one for each item of a list.
void add_to_query(std::string& query, const std::string& name, const Json& value) {
  if (value.is_array()) {
    for (const Json& item : value) add_to_query(query, name, item);
    return;
  }
  const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  query += fmt::format("{}{}={}", query.empty() ? "" : "&", http::percent_encode(name), http::percent_encode(text));
}

Result<Json> call(const Dispatch& dispatch, const http::Request& outer, const Ask& ask) {
  const std::string& workspace = outer.parameter("workspace");
  const std::string root = workspace.empty() ? "" : "/workspaces/" + http::percent_encode(workspace);
  http::Request inner;
  inner.method = ask.method;
  inner.target = fmt::format("{}/api/2.0/mlflow/{}", root, ask.endpoint);
  CICLO_TRY(inner.path, http::percent_decode(inner.target));
  inner.headers = outer.headers;
  inner.remote_address = outer.remote_address;
  inner.request_id = outer.request_id;
  inner.principal = outer.principal;
  inner.identity = outer.identity;
  if (ask.method == http::Method::get) {
    std::string query;
    for (const auto& [name, value] : ask.arguments.items()) add_to_query(query, name, value);
    CICLO_TRY(inner.query, http::Query::parse(query));
  } else {
    inner.body = to_text(ask.arguments);
  }
  CICLO_TRY(const auto response, dispatch(inner));
  CICLO_TRY(auto answered, parse_json(response.body, {.max_bytes = max_answer}));
  // A route may put its error into an answer itself.
  if (response.status >= 400) return fail(ErrorCode::invalid, text_or(answered, "message", "the request failed"));
  return answered;
}

// An answer that is sent as it is read is read whole.
Result<void> collect(http::Response& response) {
  while (response.stream) {
    CICLO_TRY(const auto piece, response.stream());
    if (piece.empty()) break;
    if (response.body.size() + piece.size() > max_answer)
      return fail(ErrorCode::too_large, "the answer is too long for GraphQL", {}, "ask for fewer points or runs");
    response.body += piece;
  }
  response.stream = nullptr;
  return {};
}

struct Given {
  std::string query;
  ExecuteRequest request;
};

Result<Given> read_given(const http::Request& request) {
  Given given;
  CICLO_TRY(Json body, request.json());
  if (body.is_string()) {  // JSON-encoded twice, as some clients send it
    CICLO_TRY(body, parse_json(body.get<std::string>()));
  }
  if (request.method == http::Method::get)
    for (const char* name : {"query", "operationName", "variables"})
      if (const auto value = request.query.find(name); value && !body.contains(name)) body[name] = *value;
  given.query = text_or(body, "query");
  if (given.query.empty())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'query'", "query",
                "it is a GraphQL document");
  given.request.operation_name = text_or(body, "operationName");
  given.request.variables = member(body, "variables");
  if (given.request.variables.is_string() && request.method == http::Method::get) {
    CICLO_TRY(given.request.variables, parse_json(given.request.variables.get<std::string>()));
  }
  if (!given.request.variables.is_object() && !given.request.variables.is_null())
    return fail(ErrorCode::invalid, "Invalid value for parameter 'variables': it must be an object", "variables");
  return given;
}

Result<http::Response> answer(const Dispatch& dispatch, const http::Request& request) {
  CICLO_TRY(const Given given, read_given(request));
  CICLO_TRY(const Document document, parse_document(given.query));
  return http::Response::json(
      execute(document, given.request, [&](const Ask& ask) { return call(dispatch, request, ask); }));
}

}  // namespace

Dispatch through(const http::Router& router, http::Guard* guard) {
  return [&router, guard](http::Request& request) -> Result<http::Response> {
    auto match = router.find(request.method, request.target);
    if (match.route == nullptr) return fail(ErrorCode::not_found, fmt::format("there is no endpoint {}", request.path));
    request.parameters = std::move(match.parameters);
    if (guard != nullptr) {
      CICLO_CHECK(guard->admit(*match.route, request));
      if (!match.route->resource_kinds.empty()) CICLO_CHECK(guard->judge(*match.route, request));
    }
    auto response = match.route->handler(request);
    if (response) CICLO_CHECK(collect(*response));
    if (!response && response.error().code == ErrorCode::denied && guard != nullptr)
      guard->refused(*match.route, request, response.error());
    return response;
  };
}

Result<void> add_graphql_routes(http::Router& router, Dispatch dispatch) {
  tracking::MlflowRoutes routes(router);
  for (const http::Method method : {http::Method::post, http::Method::get}) {
    CICLO_CHECK(routes.add_raw({.method = method,
                                .path = "/graphql",
                                .action = "workspace/read",
                                .summary = "MLflow: GraphQL, as its web interface asks",
                                .body_limit = max_body,
                                .handler = [dispatch](http::Request& request) { return answer(dispatch, request); },
                                // Each request it makes is judged by itself.
                                .concerns = {tracking::concerns::nothing()}}));
  }
  return {};
}

}  // namespace ciclo::graphql
