#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/evaluation/handlers.hpp"
#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::evaluation {
namespace {

using tracking::Call;

constexpr std::size_t default_datasets = 1000;
constexpr std::size_t max_datasets = 50'000;
constexpr std::size_t default_records = 1000;
constexpr std::size_t max_records = 50'000;

DatasetRef ref_of(const Call& call) {
  return {.workspace = call.workspace, .id = call.request.parameter("dataset_id")};
}

// MLflow sends JSON within JSON; JSON itself is taken, too.
Result<Json> inner_json(const Call& call, std::string_view name) {
  const Json& field = call.arguments.field(name);
  if (!field.is_string()) return field;
  auto parsed = parse_json(field.get_ref<const std::string&>());
  if (!parsed)
    return fail(ErrorCode::invalid, fmt::format("Invalid value for parameter '{}': it is no JSON", name),
                std::string(name));
  return parsed;
}

Json dataset_json(const EvaluationDataset& dataset) {
  return {{"dataset", to_json(dataset)}};
}

Result<Json> create(DatasetService& datasets, const Call& call) {
  NewDataset request;
  request.workspace = call.workspace;
  request.user = call.caller.principal;
  CICLO_TRY(request.name, call.arguments.required_text("name"));
  CICLO_TRY(request.experiment_ids, tracking::experiment_ids_of(call, "experiment_ids"));
  CICLO_TRY(Json tags, inner_json(call, "tags"));
  if (!tags.is_null()) request.tags = std::move(tags);
  CICLO_TRY(const auto dataset, datasets.create(request));
  return dataset_json(dataset);
}

Result<Json> get(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const auto dataset, datasets.get(ref_of(call)));
  return dataset_json(dataset);
}

Result<Json> remove(DatasetService& datasets, const Call& call) {
  CICLO_CHECK(datasets.remove(ref_of(call)));
  return Json::object();
}

Result<Json> search(DatasetService& datasets, const Call& call) {
  DatasetSearch request;
  request.workspace = call.workspace;
  CICLO_TRY(request.experiment_ids, tracking::experiment_ids_of(call, "experiment_ids"));
  CICLO_TRY(request.filter, call.arguments.text("filter_string"));
  CICLO_TRY(request.order_by, call.arguments.texts("order_by"));
  CICLO_TRY(request.max_results, call.arguments.max_results(default_datasets, max_datasets));
  CICLO_TRY(request.page_token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, datasets.search(request));
  Json answer = Json::object();
  for (const EvaluationDataset& dataset : page.items) answer["datasets"].push_back(to_json(dataset));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> set_tags(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const Json tags, inner_json(call, "tags"));
  if (tags.is_null()) return fail(ErrorCode::invalid, "Missing value for required parameter 'tags'", "tags");
  CICLO_TRY(const auto dataset, datasets.set_tags(ref_of(call), tags));
  return dataset_json(dataset);
}

Result<Json> delete_tag(DatasetService& datasets, const Call& call) {
  CICLO_CHECK(datasets.set_tags(ref_of(call), {{call.request.parameter("key"), nullptr}}));
  return Json::object();
}

Result<Json> experiments(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const auto dataset, datasets.get(ref_of(call)));
  Json answer = Json::object();
  for (const std::int64_t id : dataset.experiment_ids) answer["experiment_ids"].push_back(std::to_string(id));
  return answer;
}

template <bool add>
Result<Json> change_experiments(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const auto ids, tracking::experiment_ids_of(call, "experiment_ids"));
  CICLO_TRY(const auto dataset, datasets.change_experiments(ref_of(call), ids, add));
  return dataset_json(dataset);
}

Result<Json> upsert(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const Json records, inner_json(call, "records"));
  CICLO_TRY(const auto count, datasets.upsert(ref_of(call), records, call.caller.principal));
  return Json{{"inserted_count", count.inserted}, {"updated_count", count.updated}};
}

Result<Json> records(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const auto max_results, call.arguments.max_results(default_records, max_records));
  CICLO_TRY(const auto token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, datasets.records(ref_of(call), max_results, token));
  Json list = Json::array();
  for (const DatasetRecord& record : page.items) list.push_back(to_json(record));
  Json answer{{"records", to_text(list)}};
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> remove_records(DatasetService& datasets, const Call& call) {
  CICLO_TRY(const auto ids, call.arguments.texts("dataset_record_ids"));
  CICLO_TRY(const auto removed, datasets.remove_records(ref_of(call), ids));
  return Json{{"deleted_count", removed}};
}

struct Endpoint {
  http::Method method = http::Method::get;
  std::string_view path;
  std::string_view action;
  Result<Json> (*act)(DatasetService&, const Call&) = nullptr;
};

}  // namespace

Result<void> add_dataset_routes(http::Router& router, DatasetService& datasets) {
  using http::Method;
  static constexpr std::string_view read = "workspace/read";
  static constexpr std::string_view write = "workspace/write";
  const std::vector<Endpoint> table{
      {Method::post, "datasets/create", write, create},
      {Method::post, "datasets/search", read, search},
      {Method::get, "datasets/search", read, search},
      {Method::get, "datasets/{dataset_id}", read, get},
      {Method::del, "datasets/{dataset_id}", write, remove},
      {Method::patch, "datasets/{dataset_id}/tags", write, set_tags},
      {Method::del, "datasets/{dataset_id}/tags/{key}", write, delete_tag},
      {Method::get, "datasets/{dataset_id}/experiment-ids", read, experiments},
      {Method::post, "datasets/{dataset_id}/add-experiments", write, change_experiments<true>},
      {Method::post, "datasets/{dataset_id}/remove-experiments", write, change_experiments<false>},
      {Method::post, "datasets/{dataset_id}/records", write, upsert},
      {Method::get, "datasets/{dataset_id}/records", read, records},
      {Method::del, "datasets/{dataset_id}/records", write, remove_records}};
  tracking::MlflowRoutes routes(router);
  for (const Endpoint& endpoint : table)
    CICLO_CHECK(routes.add({.method = endpoint.method,
                            .path = std::string(endpoint.path),
                            .action = std::string(endpoint.action),
                            .summary = "MLflow: " + std::string(endpoint.path),
                            .body_limit = endpoint.act == upsert ? max_records_body : std::size_t{1} << 20U,
                            .handler = [&datasets, act = endpoint.act](Call& call) { return act(datasets, call); },
                            .version = "3.0"}));
  return {};
}

}  // namespace ciclo::evaluation
