#include <fmt/format.h>

#include "inner_loop/evaluation/limits.hpp"
#include "inner_loop/evaluation/service.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/run_search.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::evaluation {
namespace {

Result<void> check_active(sql::Session& session, const std::string& workspace, std::int64_t experiment_id) {
  CICLO_TRY(const auto experiment, tracking::ExperimentStore().get(session, workspace, experiment_id));
  if (experiment.stage == tracking::Lifecycle::active) return {};
  return fail(ErrorCode::invalid,
              fmt::format("The experiment {} must be in the 'active' state. Current state is deleted", experiment_id),
              "experiment_id", "restore it first");
}

}  // namespace

Result<ScorerVersion> ScorerService::add(const ScorerRef& ref, const std::string& serialized) {
  CICLO_CHECK(check_scorer_name(ref.name));
  CICLO_CHECK(check_serialized_scorer(serialized));
  CICLO_CHECK(parts_.experiments.ensure_default(ref.workspace));
  return parts_.database.write([&](sql::Session& session) -> Result<ScorerVersion> {
    CICLO_CHECK(check_active(session, ref.workspace, ref.experiment_id));
    return store_.add(session, ref, serialized, to_unix_ms(parts_.clock.now()));
  });
}

Result<std::vector<ScorerVersion>> ScorerService::list(const std::string& workspace,
                                                       const std::optional<std::vector<std::int64_t>>& experiment_ids) {
  return parts_.database.read([&](sql::Session& session) -> Result<std::vector<ScorerVersion>> {
    std::vector<std::int64_t> active;
    if (experiment_ids) {
      for (const std::int64_t id : *experiment_ids) {
        CICLO_TRY(const auto experiment, tracking::ExperimentStore().find(session, workspace, id));
        if (experiment && experiment->stage == tracking::Lifecycle::active) active.push_back(id);
      }
      return store_.newest(session, workspace, active);
    }
    tracking::SearchRequest every;
    every.workspace = workspace;
    every.max_results = 1000;
    do {
      CICLO_TRY(const auto page, tracking::search_experiments(session, every));
      for (const tracking::Experiment& experiment : page.items) active.push_back(experiment.id);
      every.page_token = page.next_page_token;
    } while (!every.page_token.empty());
    return store_.newest(session, workspace, active);
  });
}

Result<std::vector<ScorerVersion>> ScorerService::versions(const ScorerRef& ref) {
  return parts_.database.read([&](sql::Session& session) -> Result<std::vector<ScorerVersion>> {
    CICLO_CHECK(check_active(session, ref.workspace, ref.experiment_id));
    return store_.versions(session, ref);
  });
}

Result<ScorerVersion> ScorerService::get(const ScorerRef& ref, std::optional<std::int64_t> version) {
  return parts_.database.read([&](sql::Session& session) -> Result<ScorerVersion> {
    CICLO_CHECK(check_active(session, ref.workspace, ref.experiment_id));
    return store_.get(session, ref, version);
  });
}

Result<void> ScorerService::remove(const ScorerRef& ref, std::optional<std::int64_t> version) {
  return parts_.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(check_active(session, ref.workspace, ref.experiment_id));
    return store_.remove(session, ref, version);
  });
}

Result<OnlineScoring> ScorerService::set_online(const OnlineRequest& request) {
  if (!(request.sample_rate >= 0 && request.sample_rate <= 1))
    return fail(ErrorCode::invalid, fmt::format("sample_rate must be between 0.0 and 1.0, got {}", request.sample_rate),
                "sample_rate");
  CICLO_CHECK(check_online_filter(request.filter));
  return parts_.database.write([&](sql::Session& session) -> Result<OnlineScoring> {
    CICLO_CHECK(check_active(session, request.ref.workspace, request.ref.experiment_id));
    CICLO_TRY(auto config, store_.put_online(session, request.ref, request.filter));
    if (request.sample_rate > 0)
      return fail(ErrorCode::invalid,
                  fmt::format("Scorer '{}' does not use a gateway model. Automatic evaluation is only supported for "
                              "scorers that use gateway models",
                              request.ref.name),
                  "sample_rate", "there is no gateway here: run the scorer with mlflow.genai.evaluate");
    return config;
  });
}

Result<std::vector<OnlineScoring>> ScorerService::online(const std::string& workspace,
                                                         const std::vector<std::string>& scorer_ids) {
  if (scorer_ids.empty() || scorer_ids.size() > tracking::max_bound_list)
    return fail(ErrorCode::invalid, "scorer_ids must name 1 to 512 scorers", "scorer_ids");
  return parts_.database.read([&](sql::Session& session) { return store_.online(session, workspace, scorer_ids); });
}

}  // namespace ciclo::evaluation
