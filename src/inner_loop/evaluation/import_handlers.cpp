#include <fmt/format.h>

#include <utility>

#include "inner_loop/evaluation/handlers.hpp"
#include "inner_loop/evaluation/import_service.hpp"
#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/tracking/import_routes.hpp"

namespace ciclo::evaluation {
namespace {

constexpr const char* datasets_field = "evaluation_datasets";

Result<http::Response> take_scorers(EvaluationImport& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, tracking::parse_import_items<ImportedScorer>(body, "scorers", imported_scorer));
  CICLO_TRY(const auto outcomes, imports.scorers(request.parameter("workspace"), items));
  return tracking::import_answer("scorers", outcomes);
}

Result<http::Response> take_datasets(EvaluationImport& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, tracking::parse_import_items<ImportedDataset>(body, datasets_field, imported_dataset));
  CICLO_TRY(const auto outcomes, imports.datasets(request.parameter("workspace"), items));
  return tracking::import_answer(datasets_field, outcomes);
}

Result<void> check_record_count(const Json& datasets) {
  std::size_t count = 0;
  for (const Json& item : datasets)
    if (const Json& records = member(item, "records"); records.is_array()) count += records.size();
  if (count <= max_records_of_a_call) return {};
  return fail(ErrorCode::too_large, fmt::format("the request holds {} records", count),
              fmt::format("/{}", datasets_field), fmt::format("send at most {} at once", max_records_of_a_call));
}

Result<http::Response> take_records(EvaluationImport& imports, const http::Request& request) {
  CICLO_TRY(Json body, parse_json(request.body, {.max_bytes = max_records_body}));
  CICLO_TRY(const Json* datasets, tracking::import_items(body, datasets_field));
  CICLO_CHECK(check_record_count(*datasets));
  std::vector<ImportedRecords> items;
  for (Json& item : body[datasets_field]) items.push_back(imported_records(item));
  CICLO_TRY(const auto counts, imports.records(request.parameter("workspace"), items));
  return tracking::import_answer(counts);
}

}  // namespace

Result<void> add_import_routes(http::Router& router, EvaluationImport& imports) {
  using Act = Result<http::Response> (*)(EvaluationImport&, const http::Request&);
  const auto take = [&](std::string_view name, std::string_view what, Act act, std::size_t body_limit) {
    return tracking::add_import_route(
        router, {.name = name,
                 .summary = fmt::format("Take in {} of an MLflow store as they are", what),
                 .handler = [&imports, act](http::Request& request) { return act(imports, request); },
                 .body_limit = body_limit});
  };
  CICLO_CHECK(take("scorers", "scorers", take_scorers, tracking::max_import_body));
  CICLO_CHECK(take("evaluation-datasets", "evaluation data sets", take_datasets, tracking::max_import_body));
  return take("evaluation-records", "records of evaluation data sets", take_records, max_records_body);
}

}  // namespace ciclo::evaluation
