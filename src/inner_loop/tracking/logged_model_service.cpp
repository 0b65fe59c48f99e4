#include <fmt/format.h>

#include "base/ids.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/limits.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"

namespace ciclo::tracking {

Result<LoggedModel> LoggedModelService::create(LoggedModel request) {
  for (const Tag& tag : request.tags) CICLO_CHECK(check_key(tag.key, "tag name"));
  for (const Param& param : request.params) CICLO_CHECK(check_param(param));
  if (request.name.find_first_of("/:.%\"'") != std::string::npos) {
    return fail(ErrorCode::invalid, fmt::format("Invalid model name '{}'", request.name), "name",
                "a logged model's name has none of / : . % \" '");
  }
  const std::int64_t now = to_unix_ms(clock_.now());
  request.model_id = "m-" + new_uid();
  if (request.name.empty()) request.name = new_friendly_name();
  request.creation_time = now;
  request.last_update_time = now;
  request.status = ModelStatus::pending;
  return database_.write([&](sql::Session& session) -> Result<LoggedModel> {
    const ExperimentStore experiments;
    CICLO_CHECK(experiments.ensure_default_in(session, request.workspace, now));
    CICLO_TRY(const auto experiment, experiments.get(session, request.workspace, request.experiment_id));
    if (experiment.stage == Lifecycle::deleted) {
      return fail(ErrorCode::invalid, fmt::format("The experiment {} must be in the 'active' state", experiment.id));
    }
    request.artifact_uri = fmt::format("{}/models/{}/artifacts", experiment.artifact_location, request.model_id);
    return store_.create_in(session, request);
  });
}

Result<LoggedModel> LoggedModelService::get(const ModelRef& ref) {
  return database_.read([&](sql::Session& session) { return store_.get(session, ref); });
}

Result<LoggedModel> LoggedModelService::finalize(const ModelRef& ref, ModelStatus status) {
  return database_.write([&](sql::Session& session) -> Result<LoggedModel> {
    CICLO_CHECK(store_.finalize_in(session, ref, status, to_unix_ms(clock_.now())));
    return store_.get(session, ref);
  });
}

Result<void> LoggedModelService::remove(const ModelRef& ref) {
  return database_.write(
      [&](sql::Session& session) { return store_.delete_in(session, ref, to_unix_ms(clock_.now())); });
}

Result<void> LoggedModelService::set_tags(const ModelRef& ref, const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) CICLO_CHECK(check_key(tag.key, "tag name"));
  return database_.write([&](sql::Session& session) { return store_.set_tags_in(session, ref, tags); });
}

Result<void> LoggedModelService::delete_tag(const ModelRef& ref, const std::string& key) {
  return database_.write([&](sql::Session& session) { return store_.delete_tag_in(session, ref, key); });
}

Result<void> LoggedModelService::log_params(const ModelRef& ref, const std::vector<Param>& params) {
  for (const Param& param : params) CICLO_CHECK(check_param(param));
  return database_.write([&](sql::Session& session) { return store_.log_params_in(session, ref, params); });
}

Result<Page<LoggedModel>> LoggedModelService::search(const ModelSearch& request) {
  return database_.read([&](sql::Session& session) { return store_.search(session, request); });
}

}  // namespace ciclo::tracking
