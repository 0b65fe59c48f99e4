#include <fmt/format.h>

#include "inner_loop/tracking/service.hpp"

namespace ciclo::tracking {

Result<void> ExperimentService::ensure_default(const std::string& workspace) {
  {
    const std::lock_guard lock(mutex_);
    if (has_default_.contains(workspace)) return {};
  }
  const std::int64_t now = to_unix_ms(clock_.now());
  CICLO_CHECK(database_.write([&](sql::Session& session) -> Result<void> {
    if (check_workspace_) CICLO_CHECK(check_workspace_(session, workspace));
    return store_.ensure_default_in(session, workspace, now);
  }));
  const std::lock_guard lock(mutex_);
  has_default_.insert(workspace);
  return {};
}

// Runs `change(session, experiment, now)` on the experiment when it is in the stage that is needed; `otherwise` is what
// is wrong with one that is not.
template <class Change>
Result<void> ExperimentService::change(const ExperimentRef& ref, Lifecycle needed, ErrorCode otherwise, Change change) {
  const auto& [workspace, id] = ref;
  CICLO_CHECK(ensure_default(workspace));
  const std::int64_t now = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto experiment, store_.get(session, workspace, id));
    if (experiment.stage != needed) {
      return fail(otherwise, fmt::format("The experiment {} must be in the '{}' state. Current state is {}", id,
                                         name_of(needed), name_of(experiment.stage)));
    }
    return change(session, experiment, now);
  });
}

Result<Experiment> ExperimentService::create(const NewExperiment& request) {
  CICLO_CHECK(check_experiment_name(request.name));
  for (const Tag& tag : request.tags) CICLO_CHECK(check_experiment_tag(tag));
  if (request.artifact_location.find('#') != std::string::npos)
    return fail(ErrorCode::invalid, "Invalid artifact_location: it holds a '#'", "artifact_location");
  CICLO_CHECK(ensure_default(request.workspace));
  const std::int64_t now = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) {
    return store_.create_in(session, {.workspace = request.workspace,
                                      .name = request.name,
                                      .artifact_location = request.artifact_location,
                                      .creation_time = now,
                                      .last_update_time = now,
                                      .tags = request.tags});
  });
}

Result<Experiment> ExperimentService::get(const std::string& workspace, std::int64_t id) {
  CICLO_CHECK(ensure_default(workspace));
  return database_.read([&](sql::Session& session) { return store_.get(session, workspace, id); });
}

Result<Experiment> ExperimentService::get_by_name(const std::string& workspace, const std::string& name) {
  CICLO_CHECK(ensure_default(workspace));
  return database_.read([&](sql::Session& session) -> Result<Experiment> {
    CICLO_TRY(auto found, store_.find_by_name(session, workspace, name));
    if (!found) return fail(ErrorCode::not_found, fmt::format("Could not find experiment with name '{}'", name));
    return std::move(*found);
  });
}

Result<void> ExperimentService::rename(const std::string& workspace, std::int64_t id, const std::string& name) {
  CICLO_CHECK(check_experiment_name(name));
  return change({workspace, id}, Lifecycle::active, ErrorCode::invalid,
                [&](sql::Session& session, const Experiment& experiment, std::int64_t now) {
                  return store_.rename_in(session, experiment, name, now);
                });
}

Result<void> ExperimentService::remove(const std::string& workspace, std::int64_t id) {
  return change({workspace, id}, Lifecycle::active, ErrorCode::not_found,
                [&](sql::Session& session, const Experiment& experiment, std::int64_t now) {
                  return store_.delete_in(session, experiment, now);
                });
}

Result<void> ExperimentService::restore(const std::string& workspace, std::int64_t id) {
  return change({workspace, id}, Lifecycle::deleted, ErrorCode::not_found,
                [&](sql::Session& session, const Experiment& experiment, std::int64_t now) {
                  return store_.restore_in(session, experiment, now);
                });
}

Result<void> ExperimentService::set_tag(const std::string& workspace, std::int64_t id, const Tag& tag) {
  CICLO_CHECK(check_experiment_tag(tag));
  return change({workspace, id}, Lifecycle::active, ErrorCode::invalid,
                [&](sql::Session& session, const Experiment& experiment, std::int64_t) {
                  return store_.set_tag_in(session, experiment, tag);
                });
}

Result<void> ExperimentService::delete_tag(const std::string& workspace, std::int64_t id, const std::string& key) {
  return change({workspace, id}, Lifecycle::active, ErrorCode::invalid,
                [&](sql::Session& session, const Experiment& experiment, std::int64_t) {
                  return store_.delete_tag_in(session, experiment, key);
                });
}

Result<std::vector<DatasetSummary>> ExperimentService::search_datasets(const std::string& workspace,
                                                                       const std::vector<std::int64_t>& experiments) {
  return database_.read([&](sql::Session& session) { return store_.search_datasets(session, workspace, experiments); });
}

Result<Page<Experiment>> ExperimentService::search(const SearchRequest& request) {
  CICLO_CHECK(ensure_default(request.workspace));
  return database_.read([&](sql::Session& session) { return search_experiments(session, request); });
}

}  // namespace ciclo::tracking
