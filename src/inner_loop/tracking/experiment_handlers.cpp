#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/forms.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t default_experiments = 1000;
constexpr std::size_t max_experiments = 50'000;
constexpr std::size_t max_dataset_experiments = 20;

Result<Json> create(ExperimentService& experiments, const Call& call) {
  NewExperiment request{.workspace = call.workspace, .name = {}, .artifact_location = {}, .tags = {}};
  CICLO_TRY(request.name, call.arguments.required_text("name"));
  CICLO_TRY(request.artifact_location, call.arguments.text("artifact_location"));
  CICLO_TRY(request.tags, call.arguments.tags("tags"));
  CICLO_TRY(const auto created, experiments.create(request));
  return Json{{"experiment_id", std::to_string(created.id)}};
}

Result<Json> get(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  CICLO_TRY(const auto experiment, experiments.get(call.workspace, id));
  return Json{{"experiment", to_json(experiment)}};
}

Result<Json> get_by_name(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto name, call.arguments.required_text("experiment_name"));
  CICLO_TRY(const auto experiment, experiments.get_by_name(call.workspace, name));
  return Json{{"experiment", to_json(experiment)}};
}

Result<Json> update(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  CICLO_TRY(const auto name, call.arguments.required_text("new_name"));
  CICLO_CHECK(experiments.rename(call.workspace, id, name));
  return Json::object();
}

Result<Json> remove(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  CICLO_CHECK(experiments.remove(call.workspace, id));
  return Json::object();
}

Result<Json> restore(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  CICLO_CHECK(experiments.restore(call.workspace, id));
  return Json::object();
}

Result<Json> set_tag(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  Tag tag;
  CICLO_TRY(tag.key, call.arguments.required_text("key"));
  CICLO_TRY(tag.value, call.arguments.text("value"));
  CICLO_CHECK(experiments.set_tag(call.workspace, id, tag));
  return Json::object();
}

Result<Json> delete_tag(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto id, call.arguments.experiment_id());
  CICLO_TRY(const auto key, call.arguments.required_text("key"));
  CICLO_CHECK(experiments.delete_tag(call.workspace, id, key));
  return Json::object();
}

Result<Json> search_datasets(ExperimentService& experiments, const Call& call) {
  CICLO_TRY(const auto ids, call.arguments.texts("experiment_ids"));
  if (ids.empty() || ids.size() > max_dataset_experiments) {
    return fail(
        ErrorCode::invalid,
        fmt::format("experiment_ids must name 1 to {} experiments, not {}", max_dataset_experiments, ids.size()),
        "experiment_ids");
  }
  std::vector<std::int64_t> numbers;
  for (const std::string& id : ids) {
    CICLO_TRY(const auto number, parse_experiment_id(id));
    numbers.push_back(number);
  }
  CICLO_TRY(const auto summaries, experiments.search_datasets(call.workspace, reachable(call, std::move(numbers))));
  Json answer = Json::object();
  for (const DatasetSummary& summary : summaries) answer["dataset_summaries"].push_back(to_json(summary));
  return answer;
}

Result<Json> search(ExperimentService& experiments, const Call& call) {
  SearchRequest request;
  request.workspace = call.workspace;
  CICLO_TRY(request.filter, call.arguments.text("filter"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.view, call.arguments.view("view_type"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_experiments, max_experiments));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  if (const auto reach = resources::reach_of(call.request, "experiment"); !reach.everything) {
    for (const std::string& id : reach.names) {
      const auto number = parse_int(id);
      if (number) request.experiment_ids.push_back(*number);
    }
    if (request.experiment_ids.empty()) return Json::object();
  }
  CICLO_TRY(const auto page, experiments.search(request));
  return page_json("experiments", page);
}

}  // namespace

Result<void> add_experiment_routes(http::Router& router, ExperimentService& experiments) {
  MlflowRoutes routes(router);
  using Act = Result<Json> (*)(ExperimentService&, const Call&);
  using Concerns = std::vector<http::Concern>;
  const auto add = [&](http::Method method, std::string_view name, Act act, const Concerns& concerned) {
    return routes.add(
        {.method = method,
         .path = "experiments/" + std::string(name),
         .action = name.starts_with("get") || name.starts_with("search") ? "workspace/read" : "workspace/write",
         .summary = "MLflow: experiments, " + std::string(name),
         .handler = [&experiments, act](Call& call) { return act(experiments, call); },
         .concerns = concerned});
  };
  const Concerns one = {concerns::experiment()};
  const Concerns found = {concerns::search_experiments()};
  // A name is the whole workspace's: who makes or changes one needs the right there.
  CICLO_CHECK(add(http::Method::post, "create", create, {}));
  CICLO_CHECK(add(http::Method::get, "get", get, one));
  CICLO_CHECK(add(http::Method::get, "get-by-name", get_by_name, {concerns::experiment_by_name()}));
  CICLO_CHECK(add(http::Method::post, "update", update, {}));
  CICLO_CHECK(add(http::Method::post, "delete", remove, one));
  CICLO_CHECK(add(http::Method::post, "restore", restore, one));
  CICLO_CHECK(add(http::Method::post, "set-experiment-tag", set_tag, one));
  CICLO_CHECK(add(http::Method::post, "delete-experiment-tag", delete_tag, one));
  CICLO_CHECK(add(http::Method::post, "search-datasets", search_datasets, found));
  CICLO_CHECK(add(http::Method::get, "search", search, found));
  return add(http::Method::post, "search", search, found);
}

}  // namespace ciclo::tracking
