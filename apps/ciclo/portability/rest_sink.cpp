// A running MLflow server, by its REST API. That cannot set ids, so runs and logged models get new ones and say in a
// tag which they had; times of creation are those of the export, but for a run's start and end.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/rest_client.hpp"
#include "portability/rest_evaluation_sink.hpp"
#include "portability/rest_registry_sink.hpp"
#include "portability/rest_trace_sink.hpp"
#include "portability/sink.hpp"
#include "portability/webhook_sink.hpp"

namespace ciclo::portability {
namespace {

constexpr std::string_view run_tag = "ciclo.run_id";
constexpr std::string_view model_tag = "ciclo.model_id";
constexpr std::size_t pairs_per_call = 100;
constexpr std::size_t points_per_call = 1000;

class RestSink final : public Sink {
 public:
  RestSink(const std::string& url, const std::string& authorization)
      : client_(url, authorization),
        traces_(client_, [this](const std::string& id) { return new_run_id(id); }),
        evaluation_(client_),
        registry_(client_, runs_, models_) {}

  Outcomes experiments(const std::vector<Json>& items) override { return each(items, &RestSink::put_experiment); }
  Outcomes runs(const std::vector<Json>& items) override { return each(items, &RestSink::put_run); }
  Outcomes logged_models(const std::vector<Json>& items) override { return each(items, &RestSink::put_logged_model); }
  Outcomes traces(const std::vector<Json>& items) override { return each(items, &RestSink::put_trace); }
  Outcomes scorers(const std::vector<Json>& items) override { return each(items, &RestSink::put_scorer); }
  Outcomes evaluation_datasets(const std::vector<Json>& items) override { return each(items, &RestSink::put_dataset); }
  Result<Counts> evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) override {
    return evaluation_.put_records(dataset_id, records);
  }
  Outcomes webhooks(const std::vector<Json>& items) override {
    return put_webhooks(client_, std::string(api2) + "webhooks", items);
  }
  Outcomes registered_models(const std::vector<Json>& items) override { return each(items, &RestSink::put_model); }
  Outcomes versions(const std::vector<Json>& items) override { return each(items, &RestSink::put_version); }
  Result<Counts> metrics(const std::vector<History>& items) override;
  Result<std::map<std::string, KnownFile>> known_artifacts(const std::string& folder) override;
  Result<void> put_artifact(const ArtifactTarget& target, const Bytes& bytes) override;
  std::string artifact_uri(const std::string& folder) const override;
  Result<Known> known(const std::vector<std::string>& experiments, const std::vector<std::string>& runs) override;
  Result<void> finish() override;

 private:
  Outcomes each(const std::vector<Json>& items, Result<Outcome> (RestSink::*put)(const Json&));
  Result<Json> call(std::string_view endpoint, const Json& body) {
    return client_.post(std::string(api2) + std::string(endpoint), body);
  }
  Result<Outcome> put_experiment(const Json& item);
  Result<Outcome> put_run(const Json& item);
  Result<Outcome> put_logged_model(const Json& item);
  Result<Outcome> put_trace(const Json& item) { return traces_.put(item); }
  Result<Outcome> put_scorer(const Json& item) { return evaluation_.put_scorer(item); }
  Result<Outcome> put_dataset(const Json& item) { return evaluation_.put_dataset(item); }
  Result<Outcome> put_model(const Json& item) { return registry_.put_model(item); }
  Result<Outcome> put_version(const Json& item) { return registry_.put_version(item); }
  Result<std::optional<Made>> find_run(const std::string& experiment, const std::string& old_id);
  Result<std::optional<Made>> find_model(const std::string& experiment, const std::string& old_id);
  Result<void> put_run_details(const Json& item, const std::string& run_id);
  std::string new_run_id(const std::string& old_id) const {
    const auto made = runs_.find(old_id);
    return made == runs_.end() ? std::string() : made->second.id;
  }
  // The proxy's path of "<experiment>/<run>/artifacts…"; fails with unsupported when the server keeps files elsewhere.
  Result<std::string> proxy_path(const std::string& folder) const;

  RestClient client_;
  MadeById runs_;
  MadeById models_;
  RestTraceSink traces_;
  RestEvaluationSink evaluation_;
  RestRegistrySink registry_;
  std::vector<std::pair<std::string, Json>> outputs_;         // of runs; told when the models are there
  std::set<std::pair<std::string, std::string>> has_output_;  // run and model, by their ids in the target
  std::set<std::string> deleted_runs_;
  std::set<std::string> deleted_experiments_;
};

Sink::Outcomes RestSink::each(const std::vector<Json>& items, Result<Outcome> (RestSink::*put)(const Json&)) {
  std::vector<Outcome> outcomes;
  for (const Json& item : items) {
    CICLO_TRY(auto outcome, (this->*put)(item));
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Result<Outcome> RestSink::put_experiment(const Json& item) {
  const std::string name = text_or(item, "name");
  const bool is_deleted = text_or(item, "lifecycle_stage") == "deleted";
  Outcome outcome{.kind = Outcome::Kind::present, .id = {}, .differences = {}};
  const auto found =
      client_.get(fmt::format("{}experiments/get-by-name?experiment_name={}", api2, http::percent_encode(name)));
  if (found) {
    outcome.id = text_or(member(*found, "experiment"), "experiment_id");
    // Nothing can be written into a deleted one: it is taken back until all is there.
    if (text_or(member(*found, "experiment"), "lifecycle_stage") == "deleted") {
      CICLO_CHECK(call("experiments/restore", {{"experiment_id", outcome.id}}));
      deleted_experiments_.insert(outcome.id);
    }
  } else {
    if (found.error().code != ErrorCode::not_found) return Failure(found.error());
    CICLO_TRY(const Json made,
              call("experiments/create",
                   {{"name", name}, {"tags", member(item, "tags").is_array() ? item["tags"] : Json::array()}}));
    outcome = {.kind = Outcome::Kind::added, .id = text_or(made, "experiment_id"), .differences = {}};
    if (is_deleted) deleted_experiments_.insert(outcome.id);
  }
  return outcome;
}

Result<std::optional<Made>> RestSink::find_run(const std::string& experiment, const std::string& old_id) {
  CICLO_TRY(const Json answer, call("runs/search", {{"experiment_ids", {experiment}},
                                                    {"run_view_type", "ALL"},
                                                    {"max_results", 1},
                                                    {"filter", fmt::format("tags.`{}` = '{}'", run_tag, old_id)}}));
  const Json& info = at_pointer(answer, "/runs/0/info");
  if (!info.is_object()) return std::nullopt;
  if (text_or(info, "lifecycle_stage") == "deleted")
    CICLO_CHECK(call("runs/restore", {{"run_id", text_or(info, "run_id")}}));
  for (const Json& use : at_pointer(answer, "/runs/0/outputs/model_outputs"))
    has_output_.emplace(text_or(info, "run_id"), text_or(use, "model_id"));
  return Made{.id = text_or(info, "run_id"), .artifact_uri = text_or(info, "artifact_uri")};
}

Result<Outcome> RestSink::put_run(const Json& item) {
  const Json& info = member(item, "info");
  const std::string old_id = text_or(info, "run_id");
  const std::string experiment = text_or(info, "experiment_id");
  Outcome outcome{.kind = Outcome::Kind::present, .id = old_id, .differences = {}};
  CICLO_TRY(auto made, find_run(experiment, old_id));
  if (!made) {
    outcome.kind = Outcome::Kind::added;
    CICLO_TRY(const Json answer, call("runs/create", {{"experiment_id", experiment},
                                                      {"user_id", text_or(info, "user_id")},
                                                      {"run_name", text_or(info, "run_name")},
                                                      {"start_time", member(info, "start_time")},
                                                      {"tags", {{{"key", run_tag}, {"value", old_id}}}}}));
    const Json& run = at_pointer(answer, "/run/info");
    made = Made{.id = text_or(run, "run_id"), .artifact_uri = text_or(run, "artifact_uri")};
  }
  runs_[old_id] = *made;
  if (text_or(info, "lifecycle_stage") == "deleted") deleted_runs_.insert(made->id);
  CICLO_CHECK(put_run_details(item, made->id));
  Json update{{"run_id", made->id}, {"status", text_or(info, "status")}};
  if (member(info, "end_time").is_number()) update["end_time"] = info["end_time"];
  CICLO_CHECK(call("runs/update", update));
  return outcome;
}

Result<void> RestSink::put_run_details(const Json& item, const std::string& run_id) {
  for (const char* what : {"params", "tags"}) {
    Json list = at_pointer(item, std::string("/data/") + what);
    if (!list.is_array()) continue;
    for (Json& pair : list) {
      // A parent that came before has a new id.
      if (text_or(pair, "key") != "mlflow.parentRunId") continue;
      if (const auto parent = runs_.find(text_or(pair, "value")); parent != runs_.end())
        pair["value"] = parent->second.id;
    }
    for (std::size_t begin = 0; begin < list.size(); begin += pairs_per_call) {
      const auto end = std::min(begin + pairs_per_call, list.size());
      const auto at = [&](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
      CICLO_CHECK(call("runs/log-batch", {{"run_id", run_id}, {what, Json(Json::array_t(at(begin), at(end)))}}));
    }
  }
  if (const Json& sets = at_pointer(item, "/inputs/dataset_inputs"); sets.is_array() && !sets.empty())
    CICLO_CHECK(call("runs/log-inputs", {{"run_id", run_id}, {"datasets", sets}}));
  if (const Json& models = at_pointer(item, "/outputs/model_outputs"); models.is_array() && !models.empty())
    outputs_.emplace_back(run_id, models);
  return {};
}

Result<Counts> RestSink::metrics(const std::vector<History>& items) {
  Counts counts;
  for (const History& history : items) {
    const auto run = runs_.find(history.run_id);
    if (run == runs_.end()) continue;
    for (std::size_t begin = 0; begin < history.size(); begin += points_per_call) {
      Json list = Json::array();
      for (std::size_t i = begin; i < std::min(begin + points_per_call, history.size()); ++i) {
        const double value = history.values[i];
        const double most = std::numeric_limits<double>::max();
        list.push_back({{"key", history.key},
                        {"value", std::isnan(value) ? Json("NaN") : Json(std::clamp(value, -most, most))},
                        {"timestamp", history.timestamps[i]},
                        {"step", history.steps[i]}});
      }
      const std::size_t sent = list.size();
      CICLO_CHECK(call("runs/log-batch", {{"run_id", run->second.id}, {"metrics", std::move(list)}}));
      counts.added += sent;
    }
  }
  return counts;
}

Result<std::optional<Made>> RestSink::find_model(const std::string& experiment, const std::string& old_id) {
  CICLO_TRY(const Json answer,
            call("logged-models/search", {{"experiment_ids", {experiment}},
                                          {"max_results", 1},
                                          {"filter", fmt::format("tags.`{}` = '{}'", model_tag, old_id)}}));
  const Json& info = at_pointer(answer, "/models/0/info");
  if (!info.is_object()) return std::nullopt;
  return Made{.id = text_or(info, "model_id"), .artifact_uri = text_or(info, "artifact_uri")};
}

Result<Outcome> RestSink::put_logged_model(const Json& item) {
  const Json& info = member(item, "info");
  const std::string old_id = text_or(info, "model_id");
  const std::string experiment = text_or(info, "experiment_id");
  Outcome outcome{.kind = Outcome::Kind::present, .id = old_id, .differences = {}};
  CICLO_TRY(auto found, find_model(experiment, old_id));
  if (!found) {
    outcome.kind = Outcome::Kind::added;
    Json body{
        {"experiment_id", experiment}, {"name", text_or(info, "name")}, {"model_type", text_or(info, "model_type")}};
    if (const auto run = runs_.find(text_or(info, "source_run_id")); run != runs_.end())
      body["source_run_id"] = run->second.id;
    if (const Json& params = at_pointer(item, "/data/params"); params.is_array()) body["params"] = params;
    body["tags"] = member(info, "tags").is_array() ? info["tags"] : Json::array();
    body["tags"].push_back({{"key", model_tag}, {"value", old_id}});
    CICLO_TRY(const Json answer, call("logged-models", body));
    const Json& made = at_pointer(answer, "/model/info");
    found = Made{.id = text_or(made, "model_id"), .artifact_uri = text_or(made, "artifact_uri")};
    CICLO_CHECK(client_.patch(fmt::format("{}logged-models/{}", api2, found->id),
                              {{"model_id", found->id}, {"status", text_or(info, "status", "LOGGED_MODEL_READY")}}));
  }
  models_[old_id] = *found;
  return outcome;
}

// "<experiment>/<run>/artifacts/<rest>", "<experiment>/models/<model>/artifacts/<rest>" or
// "<experiment>/traces/<trace>/artifacts" where the target keeps it.
std::string RestSink::artifact_uri(const std::string& folder) const {
  const auto parts = split(folder, '/');
  if (parts.size() == 4 && parts[1] == "traces") return traces_.artifact_uri(parts[2]).value_or("");
  const bool is_model = parts.size() > 3 && parts[1] == "models";
  const std::size_t at = is_model ? 2 : 1;
  const auto& known = is_model ? models_ : runs_;
  if (parts.size() > at + 1) {
    if (const auto made = known.find(parts[at]); made != known.end()) {
      std::string uri = made->second.artifact_uri;
      for (std::size_t i = at + 2; i < parts.size(); ++i) uri += "/" + parts[i];
      return uri;
    }
  }
  return "mlflow-artifacts:/" + folder;
}

Result<std::string> RestSink::proxy_path(const std::string& folder) const {
  constexpr std::string_view served = "mlflow-artifacts:";
  std::string uri = artifact_uri(folder);
  if (!uri.starts_with(served))
    return fail(ErrorCode::invalid, "the server takes no files: it keeps them in a place of its own", uri,
                "start mlflow server with --artifacts-destination");
  uri.erase(0, served.size());
  if (uri.starts_with("//")) uri = uri.substr(std::min(uri.find('/', 2), uri.size()));
  uri.erase(0, uri.find_first_not_of('/'));
  return uri;
}

Result<std::map<std::string, KnownFile>> RestSink::known_artifacts(const std::string& folder) {
  std::map<std::string, KnownFile> known;
  const auto root = proxy_path(folder);
  if (!root) return known;  // told with every file
  std::vector<std::string> folders = {""};
  while (!folders.empty()) {
    const std::string below = folders.back();
    folders.pop_back();
    const std::string path = below.empty() ? *root : *root + "/" + below;
    const auto answer = client_.get("/api/2.0/mlflow-artifacts/artifacts?path=" + http::percent_encode(path));
    if (!answer) continue;
    for (const Json& entry : member(*answer, "files")) {
      const std::string name = below.empty() ? text_or(entry, "path") : below + "/" + text_or(entry, "path");
      if (member(entry, "is_dir") == true) folders.push_back(name);
      else
        known[name] = {.size = static_cast<std::uint64_t>(parse_int(to_text(member(entry, "file_size"))).value_or(0)),
                       .sha256 = {}};
    }
  }
  return known;
}

Result<void> RestSink::put_artifact(const ArtifactTarget& target, const Bytes& bytes) {
  CICLO_TRY(const std::string root, proxy_path(target.folder));
  return client_.put("/api/2.0/mlflow-artifacts/artifacts/" + encode_path(root + "/" + target.path), target.size,
                     bytes);
}

Result<Sink::Known> RestSink::known(const std::vector<std::string>& experiments,
                                    const std::vector<std::string>& /*runs*/) {
  Known known;
  for (const std::string& name : experiments) {
    const auto found =
        client_.get(fmt::format("{}experiments/get-by-name?experiment_name={}", api2, http::percent_encode(name)));
    if (found) known.experiments[name] = text_or(member(*found, "experiment"), "experiment_id");
  }
  return known;
}

Result<void> RestSink::finish() {
  for (auto& [run_id, models] : outputs_) {
    Json uses = Json::array();
    for (const Json& use : models)
      if (const auto made = models_.find(text_or(use, "model_id"));
          made != models_.end() && has_output_.emplace(run_id, made->second.id).second)
        uses.push_back(
            {{"model_id", made->second.id}, {"step", member(use, "step").is_null() ? Json(0) : use["step"]}});
    if (!uses.empty()) CICLO_CHECK(call("runs/outputs", {{"run_id", run_id}, {"models", uses}}));
  }
  for (const std::string& run : deleted_runs_) CICLO_CHECK(call("runs/delete", {{"run_id", run}}));
  for (const std::string& experiment : deleted_experiments_)
    CICLO_CHECK(call("experiments/delete", {{"experiment_id", experiment}}));
  return {};
}

}  // namespace

std::unique_ptr<Sink> open_rest_sink(const std::string& url, const std::string& authorization) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  return std::make_unique<RestSink>(base, authorization);
}

}  // namespace ciclo::portability
