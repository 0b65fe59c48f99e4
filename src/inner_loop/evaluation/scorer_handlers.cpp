#include "base/text.hpp"
#include "inner_loop/evaluation/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::evaluation {
namespace {

using tracking::Call;

Result<ScorerRef> ref_of(const Call& call) {
  ScorerRef ref{.workspace = call.workspace, .experiment_id = 0, .name = {}};
  CICLO_TRY(ref.experiment_id, call.arguments.experiment_id());
  CICLO_TRY(ref.name, call.arguments.required_text("name"));
  return ref;
}

Json list_of(const std::vector<ScorerVersion>& scorers) {
  Json answer = Json::object();
  for (const ScorerVersion& scorer : scorers) answer["scorers"].push_back(to_json(scorer));
  return answer;
}

Result<Json> add(ScorerService& scorers, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto serialized, call.arguments.required_text("serialized_scorer"));
  CICLO_TRY(const auto made, scorers.add(ref, serialized));
  return Json{{"version", made.version},
              {"scorer_id", made.scorer_id},
              {"experiment_id", std::to_string(made.experiment_id)},
              {"name", made.name},
              {"serialized_scorer", made.serialized},
              {"creation_time", made.creation_time}};
}

Result<Json> list(ScorerService& scorers, const Call& call) {
  const bool has_one = call.arguments.has("experiment_id");
  CICLO_TRY(auto ids, tracking::experiment_ids_of(call, "experiment_ids"));
  if (has_one && !ids.empty())
    return fail(ErrorCode::invalid, "Cannot specify both 'experiment_id' and 'experiment_ids'", "experiment_ids");
  if (has_one) {
    CICLO_TRY(const auto id, call.arguments.experiment_id());
    ids.push_back(id);
  }
  CICLO_TRY(const auto found, scorers.list(call.workspace, tracking::reachable_or_all(call, std::move(ids))));
  return list_of(found);
}

Result<Json> versions(ScorerService& scorers, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto found, scorers.versions(ref));
  return list_of(found);
}

Result<Json> get(ScorerService& scorers, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto version, call.arguments.integer("version"));
  CICLO_TRY(const auto found, scorers.get(ref, version));
  return Json{{"scorer", to_json(found)}};
}

Result<Json> remove(ScorerService& scorers, const Call& call) {
  CICLO_TRY(const auto ref, ref_of(call));
  CICLO_TRY(const auto version, call.arguments.integer("version"));
  CICLO_CHECK(scorers.remove(ref, version));
  return Json::object();
}

Result<Json> set_online(ScorerService& scorers, const Call& call) {
  ScorerService::OnlineRequest request;
  CICLO_TRY(request.ref, ref_of(call));
  CICLO_TRY(request.sample_rate, tracking::number_from(call.arguments.field("sample_rate"), "sample_rate"));
  CICLO_TRY(request.filter, call.arguments.text("filter_string"));
  CICLO_TRY(const auto config, scorers.set_online(request));
  return Json{{"config", to_json(config)}};
}

Result<Json> online(ScorerService& scorers, const Call& call) {
  CICLO_TRY(const auto ids, call.arguments.texts("scorer_ids"));
  CICLO_TRY(const auto found, scorers.online(call.workspace, ids));
  Json answer{{"configs", Json::array()}};
  for (const OnlineScoring& config : found) answer["configs"].push_back(to_json(config));
  return answer;
}

}  // namespace

Result<void> add_scorer_routes(http::Router& router, ScorerService& scorers) {
  namespace on = tracking::concerns;
  tracking::MlflowRoutes routes(router);
  using Act = Result<Json> (*)(ScorerService&, const Call&);
  const auto add_route = [&](http::Method method, const char* path, const char* action, Act act,
                             std::vector<http::Concern> concerns = {on::experiment()}) {
    return routes.add({.method = method,
                       .path = path,
                       .action = action,
                       .summary = std::string("MLflow: ") + path,
                       .body_limit = 4U << 20U,
                       .handler = [&scorers, act](Call& call) { return act(scorers, call); },
                       .version = "3.0",
                       .concerns = std::move(concerns)});
  };
  CICLO_CHECK(add_route(http::Method::post, "scorers/register", "workspace/write", add));
  CICLO_CHECK(add_route(http::Method::get, "scorers/list", "workspace/read", list, {on::search_experiments()}));
  CICLO_CHECK(add_route(http::Method::get, "scorers/versions", "workspace/read", versions));
  CICLO_CHECK(add_route(http::Method::get, "scorers/get", "workspace/read", get));
  CICLO_CHECK(add_route(http::Method::get, "scorers/online-configs", "workspace/read", online, {}));
  CICLO_CHECK(add_route(http::Method::put, "scorers/online-config", "workspace/write", set_online));
  return add_route(http::Method::del, "scorers/delete", "workspace/write", remove);
}

}  // namespace ciclo::evaluation
