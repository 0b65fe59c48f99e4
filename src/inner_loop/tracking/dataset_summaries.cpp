// Which data sets the runs of some experiments used: MLflow's experiments/search-datasets.
#include <fmt/format.h>

#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_experiments = 20;
constexpr std::int64_t max_summaries = 1000;

Result<Json> search_datasets(RunService& runs, const Call& call) {
  CICLO_TRY(const auto texts, call.arguments.texts("experiment_ids"));
  if (texts.empty() || texts.size() > max_experiments)
    return fail(ErrorCode::invalid,
                fmt::format("SearchDatasets request must specify 1 to {} experiment_ids; it has {}", max_experiments,
                            texts.size()),
                "experiment_ids");
  std::vector<std::int64_t> ids;
  for (const std::string& text : texts) {
    CICLO_TRY(const auto id, parse_experiment_id(text));
    ids.push_back(id);
  }
  CICLO_TRY(const auto found, runs.dataset_summaries(call.workspace, ids));
  Json answer = Json::object();
  for (const DatasetSummary& summary : found) {
    Json one{
        {"experiment_id", std::to_string(summary.experiment_id)}, {"name", summary.name}, {"digest", summary.digest}};
    if (!summary.context.empty()) one["context"] = summary.context;
    answer["dataset_summaries"].push_back(std::move(one));
  }
  return answer;
}

}  // namespace

Result<std::vector<DatasetSummary>> RunService::dataset_summaries(const std::string& workspace,
                                                                  const std::vector<std::int64_t>& experiment_ids) {
  return database_.read([&](sql::Session& session) -> Result<std::vector<DatasetSummary>> {
    Statement statement;
    statement.add(
        "SELECT DISTINCT d.experiment_id, d.name, d.digest, u.context FROM datasets d JOIN run_datasets u ON ");
    statement.add("u.dataset_number = d.dataset_number WHERE d.workspace = ").bind(workspace);
    statement.add(" AND d.experiment_id IN ").bind_list(experiment_ids);
    statement.add(" ORDER BY d.experiment_id, d.name, d.digest, u.context LIMIT ").bind(max_summaries);
    CICLO_TRY(const auto rows, statement.query(session));
    std::vector<DatasetSummary> found;
    for (const sql::Row& row : rows) found.push_back({row.integer(0), row.text(1), row.text(2), row.text(3)});
    return found;
  });
}

Result<void> add_dataset_summary_route(http::Router& router, RunService& runs) {
  return MlflowRoutes(router).add({.method = http::Method::post,
                                   .path = "experiments/search-datasets",
                                   .action = "workspace/read",
                                   .summary = "MLflow: which data sets the runs of experiments used",
                                   .handler = [&runs](Call& call) { return search_datasets(runs, call); }});
}

}  // namespace ciclo::tracking
