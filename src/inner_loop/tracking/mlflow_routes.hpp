// MLflow's dialect at the wire: its errors and its paths. Every endpoint is registered once here and served under /api
// and /ajax-api, at the bare root (workspace "default") and under /workspaces/{workspace}.
//
// What an endpoint concerns is declared beside it: see concerns.hpp. One that declares nothing needs its action in the
// whole workspace.
//
// Thread safety: as Router.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/concerns.hpp"
#include "platform/http/router.hpp"
#include "resources/caller.hpp"

namespace ciclo::tracking {

// {"error_code","message"} and its status: the only place where an Error takes MLflow's form.
http::Response render_mlflow_error(const Error& error);

// One request as a handler of MLflow's endpoints sees it.
struct Call {
  http::Request& request;
  std::string workspace;
  const resources::Caller& caller;
  Arguments arguments;
};

inline constexpr std::size_t max_named_experiments = 1000;

// Fails with invalid for more than max_named_experiments.
Result<void> check_named_experiments(std::size_t count);

// The experiments that the argument lists; none when it is missing. Fails with invalid for a malformed id and for more
// than max_named_experiments, with not_found for a negative id.
Result<std::vector<std::int64_t>> experiment_ids_of(const Call& call, std::string_view name);

// Those of the experiments that the caller may see; all of them for whoever reads the whole workspace.
std::vector<std::int64_t> reachable(const Call& call, std::vector<std::int64_t> experiment_ids);

// The same where naming none means all: nothing for all of the workspace, otherwise a list, which may be empty.
std::optional<std::vector<std::int64_t>> reachable_or_all(const Call& call, std::vector<std::int64_t> experiment_ids);

// The workspace that a path names; "default" at the bare root.
std::string workspace_of(const http::Request& request);

struct MlflowEndpoint {
  http::Method method = http::Method::post;
  std::string path;    // "runs/create", below …/api/<version>/mlflow/
  std::string action;  // "workspace/read", "workspace/write"
  std::string summary;
  std::size_t body_limit = 1U << 20U;
  std::function<Result<Json>(Call&)> handler;
  // Used instead of `handler` when set: for long answers, written as text or streamed.
  std::function<Result<http::Response>(Call&)> respond = {};
  std::string_view version = "2.0";  // of MLflow's API; "3.0" for traces, scorers and evaluation data sets
  std::vector<http::Concern> concerns = {};
};

// An endpoint whose answer is no JSON, or whose body is streamed. `path` starts with '/':
// "/api/2.0/mlflow-artifacts/…".
struct RawEndpoint {
  http::Method method = http::Method::get;
  std::string path;
  std::string action;
  std::string summary;
  http::BodyMode body = http::BodyMode::buffered;
  std::size_t body_limit = 1U << 20U;
  http::Handler handler;
  std::vector<http::Concern> concerns = {};
};

class MlflowRoutes {
 public:
  explicit MlflowRoutes(http::Router& router) : router_(router) {}
  Result<void> add(const MlflowEndpoint& endpoint);
  // Registered as it is, and under /workspaces/{workspace}.
  Result<void> add_raw(const RawEndpoint& endpoint);

 private:
  http::Router& router_;
};

}  // namespace ciclo::tracking
