#include "inner_loop/tracking/import_forms.hpp"

#include <fmt/format.h>

#include "inner_loop/tracking/arguments.hpp"

namespace ciclo::tracking {
namespace {

Result<Lifecycle> stage_of(const Arguments& fields) {
  CICLO_TRY(const auto stage, fields.text("lifecycle_stage"));
  if (stage.empty() || stage == "active") return Lifecycle::active;
  if (stage == "deleted") return Lifecycle::deleted;
  return fail(ErrorCode::invalid, "Invalid value for 'lifecycle_stage': expected active or deleted", "lifecycle_stage");
}

Result<std::vector<DatasetInput>> dataset_inputs(const Json& list) {
  std::vector<DatasetInput> inputs;
  for (const Json& item : list) {
    CICLO_TRY(auto input, dataset_input_from_json(item));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Result<std::int64_t> time_of(const Arguments& fields, std::string_view name) {
  CICLO_TRY(const auto time, fields.integer(name));
  return time.value_or(0);
}

// Whole numbers of a list; fails when one is none.
Result<std::vector<std::int64_t>> integers(const Json& list, std::string_view name) {
  std::vector<std::int64_t> values;
  if (list.is_array()) values.reserve(list.size());
  for (const Json& value : list) {
    if (!value.is_number_integer())
      return fail(ErrorCode::invalid, fmt::format("'{}' must hold whole numbers", name), std::string(name));
    values.push_back(value.get<std::int64_t>());
  }
  return values;
}

}  // namespace

Result<Experiment> imported_experiment(const Json& item) {
  const Arguments fields(item);
  Experiment experiment;
  CICLO_TRY(experiment.id, fields.experiment_id());
  CICLO_TRY(experiment.name, fields.required_text("name"));
  CICLO_TRY(experiment.artifact_location, fields.text("artifact_location"));
  CICLO_TRY(experiment.stage, stage_of(fields));
  CICLO_TRY(experiment.creation_time, time_of(fields, "creation_time"));
  CICLO_TRY(experiment.last_update_time, time_of(fields, "last_update_time"));
  CICLO_TRY(experiment.tags, fields.tags("tags"));
  return experiment;
}

Result<ImportedRun> imported_run(const Json& item) {
  const Arguments info(member(item, "info"));
  const Arguments data(member(item, "data"));
  ImportedRun imported;
  Run& run = imported.run;
  CICLO_TRY(run.run_id, info.run_id());
  CICLO_TRY(run.experiment_id, info.experiment_id());
  CICLO_TRY(run.name, info.text("run_name"));
  CICLO_TRY(run.user, info.text("user_id"));
  CICLO_TRY(const auto status, info.text("status"));
  const auto parsed = parse_run_status(status.empty() ? "RUNNING" : status);
  if (!parsed) return fail(ErrorCode::invalid, fmt::format("Invalid value for 'status': '{}'", status), "status");
  run.status = *parsed;
  CICLO_TRY(run.start_time, time_of(info, "start_time"));
  CICLO_TRY(run.end_time, info.integer("end_time"));
  CICLO_TRY(run.stage, stage_of(info));
  CICLO_TRY(imported.deleted_time, info.integer("deleted_time"));
  CICLO_TRY(run.params, data.tags("params"));
  CICLO_TRY(run.tags, data.tags("tags"));
  CICLO_TRY(run.dataset_inputs, dataset_inputs(at_pointer(item, "/inputs/dataset_inputs")));
  CICLO_TRY(run.model_inputs, model_uses_from_json(at_pointer(item, "/inputs/model_inputs")));
  CICLO_TRY(run.model_outputs, model_uses_from_json(at_pointer(item, "/outputs/model_outputs")));
  return imported;
}

Result<ImportedModel> imported_model(const Json& item) {
  const Arguments info(member(item, "info"));
  const Arguments data(member(item, "data"));
  ImportedModel imported;
  LoggedModel& model = imported.model;
  CICLO_TRY(model.model_id, info.required_text("model_id"));
  CICLO_TRY(model.experiment_id, info.experiment_id());
  CICLO_TRY(model.name, info.text("name"));
  CICLO_TRY(model.creation_time, time_of(info, "creation_timestamp_ms"));
  CICLO_TRY(model.last_update_time, time_of(info, "last_updated_timestamp_ms"));
  CICLO_TRY(const auto status, info.text("status"));
  model.status = parse_model_status(status).value_or(ModelStatus::unspecified);
  CICLO_TRY(model.status_message, info.text("status_message"));
  CICLO_TRY(model.model_type, info.text("model_type"));
  CICLO_TRY(model.source_run_id, info.text("source_run_id"));
  CICLO_TRY(model.tags, info.tags("tags"));
  CICLO_TRY(model.params, data.tags("params"));
  CICLO_TRY(imported.stage, stage_of(info));
  for (const Json& entry : data.field("metrics")) {
    CICLO_TRY(auto metric, metric_from_json(entry));
    metric.run_id = text_or(entry, "run_id");
    model.metrics.push_back(std::move(metric));
  }
  return imported;
}

Result<std::vector<ImportedHistory>> imported_histories(const Json& item) {
  std::vector<ImportedHistory> histories;
  for (const Json& entry : member(item, "metrics")) {
    ImportedHistory history{.run_id = text_or(item, "run_id"), .key = text_or(entry, "key"), .points = {}};
    CICLO_TRY(const auto steps, integers(member(entry, "steps"), "steps"));
    CICLO_TRY(const auto timestamps, integers(member(entry, "timestamps"), "timestamps"));
    const Json& values = member(entry, "values");
    if (!values.is_array() || steps.size() != values.size() || timestamps.size() != values.size())
      return fail(ErrorCode::invalid, "'steps', 'timestamps' and 'values' must be lists of one length", "metrics");
    history.points.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      Metric& point = history.points[i];
      point.key = history.key;
      point.step = steps[i];
      point.timestamp = timestamps[i];
      CICLO_TRY(point.value, number_from(values[i], "values"));
    }
    histories.push_back(std::move(history));
  }
  return histories;
}

Json to_json(const ImportOutcome& outcome) {
  Json answer{{"id", outcome.id}, {"outcome", name_of(outcome.outcome)}};
  for (const std::string& difference : outcome.differences) answer["differences"].push_back(difference);
  return answer;
}

}  // namespace ciclo::tracking
