// Answers a GraphQL document: checks it against the schema and against MLflow's limits, asks the REST endpoints that
// its fields stand for, and shapes their answers.
//
// Limits, as MLflow's: 10 levels, 1000 selections, 10 root fields, 10 aliases in one place. Besides, 2000 calls of
// endpoints.
//
// As in MLflow a field that is not set is what protobuf gives: "", "0", 0, false, the first value of an enum, an empty
// list, an object of such; a metric that is not a number is null. When a resolver fails its field is null, and its
// message is in `errors`.
//
// Thread safety: pure but for what `resolve` does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/graphql/document.hpp"
#include "platform/http/message.hpp"

namespace ciclo::graphql {

// A call of a REST endpoint.
struct Ask {
  http::Method method = http::Method::get;
  std::string_view endpoint;  // "runs/get"
  Json arguments;
};
using Resolve = std::function<Result<Json>(const Ask&)>;

struct ExecuteRequest {
  Json variables = Json::object();
  std::string operation_name;  // needed when there are several
};

// {"data", "errors"}; errors are messages, null when there are none.
Json execute(const Document& document, const ExecuteRequest& request, const Resolve& resolve);

}  // namespace ciclo::graphql
