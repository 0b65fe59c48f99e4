#include "inner_loop/tracking/forms.hpp"

#include <cmath>
#include <string>

namespace ciclo::tracking {
namespace {

Json model_uses(const std::vector<ModelUse>& uses, bool with_step) {
  Json list = Json::array();
  for (const ModelUse& use : uses) {
    Json item{{"model_id", use.model_id}};
    if (with_step) item["step"] = use.step;
    list.push_back(std::move(item));
  }
  return list;
}

Json to_json(const DatasetInput& input) {
  Json dataset{{"name", input.dataset.name},
               {"digest", input.dataset.digest},
               {"source_type", input.dataset.source_type},
               {"source", input.dataset.source}};
  if (!input.dataset.schema.empty()) dataset["schema"] = input.dataset.schema;
  if (!input.dataset.profile.empty()) dataset["profile"] = input.dataset.profile;
  Json answer{{"dataset", std::move(dataset)}};
  if (!input.tags.empty()) answer["tags"] = to_json(input.tags);
  return answer;
}

}  // namespace

Json to_json(const std::vector<Tag>& tags) {
  Json list = Json::array();
  for (const Tag& tag : tags) list.push_back({{"key", tag.key}, {"value", tag.value}});
  return list;
}

Json to_json(const Experiment& experiment) {
  Json answer{{"experiment_id", std::to_string(experiment.id)},
              {"name", experiment.name},
              {"artifact_location", experiment.artifact_location},
              {"lifecycle_stage", name_of(experiment.stage)},
              {"last_update_time", experiment.last_update_time},
              {"creation_time", experiment.creation_time},
              {"workspace", experiment.workspace}};
  if (!experiment.tags.empty()) answer["tags"] = to_json(experiment.tags);
  return answer;
}

Json to_json(const DatasetSummary& summary) {
  Json answer{
      {"experiment_id", std::to_string(summary.experiment_id)}, {"name", summary.name}, {"digest", summary.digest}};
  if (!summary.context.empty()) answer["context"] = summary.context;
  return answer;
}

Json to_json(const Metric& metric) {
  Json answer{{"key", metric.key}};
  if (std::isnan(metric.value)) answer["value"] = "NaN";
  else answer["value"] = metric.value;
  answer["timestamp"] = metric.timestamp;
  answer["step"] = metric.step;
  if (!metric.model_id.empty()) answer["model_id"] = metric.model_id;
  if (!metric.dataset_name.empty()) answer["dataset_name"] = metric.dataset_name;
  if (!metric.dataset_digest.empty()) answer["dataset_digest"] = metric.dataset_digest;
  if (!metric.run_id.empty()) answer["run_id"] = metric.run_id;
  return answer;
}

Json run_info(const Run& run) {
  Json info{{"run_uuid", run.run_id},      {"run_id", run.run_id},
            {"run_name", run.name},        {"experiment_id", std::to_string(run.experiment_id)},
            {"user_id", run.user},         {"status", name_of(run.status)},
            {"start_time", run.start_time}};
  if (run.end_time) info["end_time"] = *run.end_time;
  info["artifact_uri"] = run.artifact_uri;
  info["lifecycle_stage"] = name_of(run.stage);
  return info;
}

Json to_json(const Run& run) {
  Json data = Json::object();
  for (const Metric& metric : run.metrics) data["metrics"].push_back(to_json(metric));
  if (!run.params.empty()) data["params"] = to_json(run.params);
  if (!run.tags.empty()) data["tags"] = to_json(run.tags);
  Json inputs = Json::object();
  for (const DatasetInput& input : run.dataset_inputs) inputs["dataset_inputs"].push_back(to_json(input));
  if (!run.model_inputs.empty()) inputs["model_inputs"] = model_uses(run.model_inputs, false);
  Json outputs = Json::object();
  if (!run.model_outputs.empty()) outputs["model_outputs"] = model_uses(run.model_outputs, true);
  return {{"info", run_info(run)},
          {"data", std::move(data)},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)}};
}

Json logged_model_info(const LoggedModel& model) {
  Json info{{"model_id", model.model_id},
            {"experiment_id", std::to_string(model.experiment_id)},
            {"name", model.name},
            {"creation_timestamp_ms", model.creation_time},
            {"last_updated_timestamp_ms", model.last_update_time},
            {"artifact_uri", model.artifact_uri},
            {"status", name_of(model.status)},
            {"model_type", model.model_type},
            {"source_run_id", model.source_run_id}};
  if (!model.status_message.empty()) info["status_message"] = model.status_message;
  if (!model.tags.empty()) info["tags"] = to_json(model.tags);
  return info;
}

Json to_json(const LoggedModel& model) {
  Json data = Json::object();
  if (!model.params.empty()) data["params"] = to_json(model.params);
  for (const Metric& metric : model.metrics) data["metrics"].push_back(to_json(metric));
  return {{"info", logged_model_info(model)}, {"data", std::move(data)}};
}

}  // namespace ciclo::tracking
