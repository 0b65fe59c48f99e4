// Comparison of runs: Ciclo's own API, as MLflow has none.
#include <fmt/format.h>

#include <set>

#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/concerns.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/run_comparison.hpp"

namespace ciclo::tracking {
namespace {

Result<std::optional<std::vector<std::string>>> keys_of(const Arguments& arguments, std::string_view name) {
  if (!arguments.has(name)) return std::nullopt;
  CICLO_TRY(auto keys, arguments.texts(name));
  if (keys.size() > max_search_keys)
    return fail(ErrorCode::invalid, fmt::format("'{}' can hold at most {} keys", name, max_search_keys),
                std::string(name));
  return keys;
}

// Without repetitions, in the order given.
Result<std::vector<std::string>> run_ids_of(const Arguments& arguments) {
  CICLO_TRY(const auto given, arguments.texts("run_ids"));
  std::set<std::string> known;
  std::vector<std::string> ids;
  for (const std::string& id : given)
    if (known.insert(id).second) ids.push_back(id);
  if (ids.empty())
    return fail(ErrorCode::invalid, "name at least one run", "run_ids", "such as {\"run_ids\": [\"…\"]}");
  if (ids.size() <= max_compared_runs) return ids;
  return fail(ErrorCode::invalid,
              fmt::format("at most {} runs are compared, and these are {}", max_compared_runs, ids.size()), "run_ids",
              "leave some out");
}

Result<http::Response> compare(RunService& runs, const http::Request& request) {
  CICLO_TRY(const auto arguments, Arguments::of(request));
  CICLO_TRY(const auto ids, run_ids_of(arguments));
  DetailKeys keys;
  CICLO_TRY(keys.metrics, keys_of(arguments, "metric_keys"));
  CICLO_TRY(keys.params, keys_of(arguments, "param_keys"));
  CICLO_TRY(keys.tags, keys_of(arguments, "tag_keys"));
  CICLO_TRY(const auto found, runs.get_many(request.parameter("workspace"), ids, keys));
  return http::Response::json(compare_runs(found));
}

}  // namespace

Result<void> add_comparison_routes(http::Router& router, RunService& runs) {
  http::Route route;
  route.method = http::Method::post;
  route.pattern = "/api/v1/workspaces/{workspace}/runs/compare";
  route.action = "workspace/read";
  route.summary = "Up to 500 runs side by side, and what differs";
  route.tag = "runs";
  route.concerns = {concerns::runs("run_ids")};
  route.resource_kinds = concerns::kinds_of(route.concerns);
  route.handler = [&runs](http::Request& request) { return compare(runs, request); };
  return router.add(std::move(route));
}

}  // namespace ciclo::tracking
