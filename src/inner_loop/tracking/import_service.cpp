#include "inner_loop/tracking/import_service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "inner_loop/tracking/import_active.hpp"
#include "inner_loop/tracking/import_merge.hpp"
#include "inner_loop/tracking/import_routes.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::tracking {
namespace {

NewRun new_run_of(const ImportedRun& item) {
  NewRun made;
  made.workspace = item.run.workspace;
  made.run_id = item.run.run_id;
  made.experiment_id = item.run.experiment_id;
  made.name = item.run.name.empty() ? find_tag(item.run.tags, run_name_tag).value_or(item.run.run_id) : item.run.name;
  made.user = item.run.user;
  made.status = item.run.status;
  made.start_time = item.run.start_time;
  made.params = item.run.params;
  made.tags = item.run.tags;
  return made;
}

}  // namespace

std::string_view name_of(Imported outcome) {
  switch (outcome) {
    case Imported::added: return "added";
    case Imported::changed: return "changed";
    case Imported::present: return "present";
    case Imported::refused: return "refused";
  }
  return "refused";
}

Result<ImportOutcome> ImportService::experiment_in(sql::Session& session, Experiment item) const {
  CICLO_TRY(auto here, experiment_store_.find_by_name(session, item.workspace, item.name));
  CICLO_TRY(auto taken, experiment_store_.find(session, item.workspace, item.id));
  // Renamed since it came, here or there.
  if (!here && taken && taken->creation_time == item.creation_time && item.creation_time > 0) here = taken;
  if (here) {
    ImportOutcome outcome{.id = std::to_string(here->id), .outcome = Imported::present, .differences = {}};
    const TagMerge merge = merge_tags(here->tags, item.tags, "tag");
    outcome.differences = merge.differences;
    for (const Tag& tag : merge.added) CICLO_CHECK(experiment_store_.set_tag_in(session, *here, tag));
    if (!merge.added.empty()) outcome.outcome = Imported::changed;
    if (here->name != item.name) outcome.differences.push_back(fmt::format("it is named '{}' here", here->name));
    if (here->stage != item.stage)
      outcome.differences.push_back(
          fmt::format("it is {} here and {} there", name_of(here->stage), name_of(item.stage)));
    return outcome;
  }
  if (taken || item.id < 0) {
    CICLO_TRY(const Experiment made, experiment_store_.create_in(session, item));
    item.id = made.id;
    CICLO_CHECK(store_.set_experiment_in(session, item));
  } else {
    if (item.artifact_location.empty()) item.artifact_location = fmt::format("mlflow-artifacts:/{}", item.id);
    CICLO_CHECK(store_.insert_experiment_in(session, item));
  }
  return ImportOutcome{.id = std::to_string(item.id), .outcome = Imported::added, .differences = {}};
}

Result<std::vector<ImportOutcome>> ImportService::experiments(const std::string& workspace,
                                                              std::vector<Experiment> items) {
  CICLO_CHECK(experiments_service_.ensure_default(workspace));
  for (Experiment& item : items) item.workspace = workspace;
  return database_.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (const Experiment& item : items) {
      Experiment checked = item;
      std::vector<std::string> dropped = drop_malformed(checked.tags, "tag name");
      if (const auto valid = check_experiment_name(item.name); !valid) {
        outcomes.push_back(refused_import({}, valid.error().message));
        continue;
      }
      CICLO_TRY(auto outcome, experiment_in(session, std::move(checked)));
      std::ranges::move(dropped, std::back_inserter(outcome.differences));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  });
}

Result<void> ImportService::create_run_in(sql::Session& session, const ImportedRun& item,
                                          const Experiment& experiment) const {
  ActiveExperiment active(session, experiment);
  CICLO_CHECK(active.begin());
  CICLO_TRY(Run made, run_store_.create_run_in(session, new_run_of(item)));
  made.end_time = item.run.end_time;
  CICLO_CHECK(run_store_.update_in(session, made));
  CICLO_CHECK(run_store_.log_inputs_in(session, made, item.run.dataset_inputs, item.run.model_inputs));
  CICLO_CHECK(run_store_.log_outputs_in(session, made, item.run.model_outputs));
  made.stage = item.run.stage;
  if (made.stage == Lifecycle::deleted) CICLO_CHECK(store_.set_run_stage_in(session, made, item.deleted_time));
  return active.end();
}

Result<ImportOutcome> ImportService::merge_run_in(sql::Session& session, Run run, const Run& there) const {
  ImportOutcome outcome{.id = run.run_id, .outcome = Imported::present, .differences = {}};
  if (run.start_time != there.start_time || run.is_managed)
    return refused_import(run.run_id, "another run has this id here");
  if (run.experiment_id != there.experiment_id)
    return refused_import(run.run_id, fmt::format("it is in experiment {} here", run.experiment_id));
  std::vector<Run> loaded{std::move(run)};
  CICLO_CHECK(run_store_.load_details(session, loaded));
  Run& here = loaded.front();
  const RunMerge merge = merge_run(here, there);
  outcome.differences = merge.differences;
  if (!merge.is_news()) return outcome;
  outcome.outcome = Imported::changed;
  ActiveRun active(session, here);
  CICLO_CHECK(active.begin());
  const RunRef ref{.workspace = here.workspace, .run_id = here.run_id};
  CICLO_CHECK(run_store_.log_params_in(session, ref, merge.params));
  CICLO_CHECK(run_store_.set_tags_in(session, ref, merge.tags));
  CICLO_CHECK(run_store_.log_inputs_in(session, here, merge.datasets, merge.model_inputs));
  CICLO_CHECK(run_store_.log_outputs_in(session, here, merge.model_outputs));
  if (merge.ends) CICLO_CHECK(run_store_.set_status_in(session, ref, there.status, there.end_time));
  CICLO_CHECK(active.end());
  return outcome;
}

Result<ImportOutcome> ImportService::run_in(sql::Session& session, const ImportedRun& item) const {
  const RunRef ref{.workspace = item.run.workspace, .run_id = item.run.run_id};
  CICLO_TRY(auto here, run_store_.find(session, ref));
  if (here) return merge_run_in(session, std::move(*here), item.run);
  CICLO_TRY(const auto experiment, experiment_store_.find(session, ref.workspace, item.run.experiment_id));
  if (!experiment)
    return refused_import(ref.run_id, fmt::format("there is no experiment {} for it", item.run.experiment_id));
  CICLO_CHECK(create_run_in(session, item, *experiment));
  return ImportOutcome{.id = ref.run_id, .outcome = Imported::added, .differences = {}};
}

Result<std::vector<ImportOutcome>> ImportService::runs(const std::string& workspace,
                                                       const std::vector<ImportedRun>& items) {
  CICLO_CHECK(experiments_service_.ensure_default(workspace));
  return database_.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (const ImportedRun& given : items) {
      ImportedRun item = given;
      item.run.workspace = workspace;
      if (const auto valid = check_id(item.run.run_id, "run id"); !valid) {
        outcomes.push_back(refused_import(item.run.run_id, valid.error().message));
        continue;
      }
      std::vector<std::string> dropped = drop_malformed(item.run.params, "param name");
      std::ranges::move(drop_malformed(item.run.tags, "tag name"), std::back_inserter(dropped));
      CICLO_TRY(auto outcome, run_in(session, item));
      std::ranges::move(dropped, std::back_inserter(outcome.differences));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  });
}

Result<ImportOutcome> ImportService::merge_model_in(sql::Session& session, const LoggedModel& there) const {
  const ModelRef ref{.workspace = there.workspace, .model_id = there.model_id};
  ImportOutcome outcome{.id = there.model_id, .outcome = Imported::present, .differences = {}};
  CICLO_TRY(const auto here, model_store_.find(session, ref));
  if (!here) return outcome;  // deleted here
  const TagMerge tags = merge_tags(here->tags, there.tags, "tag");
  const TagMerge params = merge_tags(here->params, there.params, "parameter");
  outcome.differences = tags.differences;
  std::ranges::copy(params.differences, std::back_inserter(outcome.differences));
  CICLO_CHECK(model_store_.set_tags_in(session, ref, tags.added));
  CICLO_CHECK(model_store_.log_params_in(session, ref, params.added));
  CICLO_CHECK(store_.put_model_metrics_in(session, there));
  if (!tags.added.empty() || !params.added.empty()) outcome.outcome = Imported::changed;
  if (here->status == ModelStatus::pending && there.status != ModelStatus::pending) {
    CICLO_CHECK(model_store_.finalize_in(session, ref, there.status, there.last_update_time));
    outcome.outcome = Imported::changed;
  }
  return outcome;
}

Result<ImportOutcome> ImportService::model_in(sql::Session& session, const ImportedModel& item) const {
  const LoggedModel& model = item.model;
  CICLO_TRY(const auto here, store_.find_model(session, model.workspace, model.model_id));
  if (here && (here->experiment_id != model.experiment_id || here->creation_time != model.creation_time))
    return refused_import(model.model_id, "another logged model has this id here");
  if (here) return merge_model_in(session, model);
  CICLO_TRY(const auto experiment, experiment_store_.find(session, model.workspace, model.experiment_id));
  if (!experiment)
    return refused_import(model.model_id, fmt::format("there is no experiment {} for it", model.experiment_id));
  LoggedModel made = model;
  made.artifact_uri = fmt::format("{}/models/{}/artifacts", experiment->artifact_location, model.model_id);
  CICLO_CHECK(model_store_.create_in(session, made));
  CICLO_CHECK(store_.set_model_in(session, item));
  CICLO_CHECK(store_.put_model_metrics_in(session, model));
  return ImportOutcome{.id = model.model_id, .outcome = Imported::added, .differences = {}};
}

Result<std::vector<ImportOutcome>> ImportService::models(const std::string& workspace,
                                                         const std::vector<ImportedModel>& items) {
  CICLO_CHECK(experiments_service_.ensure_default(workspace));
  return database_.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (const ImportedModel& given : items) {
      ImportedModel item = given;
      item.model.workspace = workspace;
      if (const auto valid = check_id(item.model.model_id, "model id"); !valid) {
        outcomes.push_back(refused_import(item.model.model_id, valid.error().message));
        continue;
      }
      CICLO_TRY(auto outcome, model_in(session, item));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  });
}

Result<ImportService::Known> ImportService::known(const std::string& workspace,
                                                  const std::vector<std::string>& experiment_names,
                                                  const std::vector<std::string>& run_ids) {
  CICLO_CHECK(experiments_service_.ensure_default(workspace));
  return database_.read([&](sql::Session& session) -> Result<Known> {
    Known known;
    for (const std::string& name : experiment_names) {
      CICLO_TRY(auto found, experiment_store_.find_by_name(session, workspace, name));
      if (found) known.experiments.push_back(std::move(*found));
    }
    for (const std::string& id : run_ids) {
      CICLO_TRY(const auto found, run_store_.find(session, {.workspace = workspace, .run_id = id}));
      if (found) known.runs.push_back(id);
    }
    return known;
  });
}

}  // namespace ciclo::tracking
