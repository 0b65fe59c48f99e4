#include "inner_loop/purge/service.hpp"

#include <fmt/format.h>

#include <span>

#include "base/text.hpp"
#include "inner_loop/purge/sweep.hpp"
#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/experiment_store.hpp"

namespace ciclo::purge {

using tracking::Purge;
using tracking::PurgeKind;

namespace {

constexpr std::size_t max_names = 1000;

std::int64_t before_of(const resources::ResourceService& resources, Milliseconds older_than) {
  return to_unix_ms(resources.parts().clock.now() - older_than);
}

// An experiment by its name, or by its id when none has that name.
Result<tracking::Experiment> find_experiment(sql::Session& session, const std::string& workspace,
                                             const std::string& name) {
  const tracking::ExperimentStore store;
  CICLO_TRY(auto found, store.find_by_name(session, workspace, name));
  if (const auto id = parse_int(name); !found && id) {
    CICLO_TRY(found, store.find(session, workspace, *id));
  }
  if (found) return std::move(*found);
  return fail(ErrorCode::not_found, fmt::format("there is no experiment '{}'", name), "experiments/" + name);
}

Result<Json> ids_of(resources::ResourceService& resources, const GcRequest& request) {
  return resources.parts().database.read([&](sql::Session& session) -> Result<Json> {
    Json ids = Json::array();
    for (const std::string& name : request.experiments) {
      CICLO_TRY(const auto experiment, find_experiment(session, request.workspace, name));
      ids.push_back(experiment.id);
    }
    return ids;
  });
}

Result<void> check(const GcRequest& request) {
  if (request.older_than < Milliseconds(0)) return fail(ErrorCode::invalid, "it cannot be negative", "/older_than");
  for (const auto& [names, field] :
       {std::pair(&request.experiments, "/experiments"), std::pair(&request.runs, "/runs")})
    if (names->size() > max_names)
      return fail(ErrorCode::invalid, fmt::format("these are more than {} names", max_names), field);
  if (!request.experiments.empty() && !request.runs.empty())
    return fail(ErrorCode::invalid, "give experiments or runs, not both", "/runs");
  return {};
}

// Those of the named runs that are deleted and old enough.
Result<std::vector<Purge>> named_runs(resources::ResourceService& resources, const std::string& workspace,
                                      std::span<const std::string> ids, Sweep& sweep) {
  return resources.parts().database.read([&](sql::Session& session) -> Result<std::vector<Purge>> {
    std::vector<Purge> things;
    for (const std::string& id : ids) {
      CICLO_TRY(const auto run, tracking::PurgeStore().find(session, PurgeKind::run, workspace, id));
      if (!run) return fail(ErrorCode::not_found, fmt::format("there is no run '{}'", id), "runs/" + id);
      Kept kept{.kind = "run", .name = id, .title = run->title, .reason = {}};
      if (run->is_active) kept.reason = "it is active";
      else if (run->deleted_time > sweep.scope().before) kept.reason = "it was deleted later";
      if (kept.reason.empty()) things.push_back(*run);
      else sweep.report().keep(std::move(kept));
    }
    return things;
  });
}

Result<void> collect_runs(resources::ResourceService& resources, const GcRequest& request, Sweep& sweep,
                          std::size_t things_of_write) {
  const Json& index = member(request.resume, "index");
  std::size_t at = index.is_number_unsigned() ? std::min(index.get<std::size_t>(), request.runs.size()) : 0;
  while (at < request.runs.size()) {
    const auto ids = std::span(request.runs).subspan(at, std::min(things_of_write, request.runs.size() - at));
    CICLO_TRY(const auto things, named_runs(resources, request.workspace, ids, sweep));
    CICLO_CHECK(sweep.take(things));
    at += ids.size();
    if (!sweep.is_over()) continue;
    sweep.report().resume = Json{{"index", at}};
    return {};
  }
  return {};
}

// Each of the experiments in turn, or everything.
Result<void> collect(Sweep& sweep, const Json& ids, const Json& resume) {
  const Json& index = member(resume, "index");
  std::size_t at = index.is_number_unsigned() ? index.get<std::size_t>() : 0;
  const bool has_ids = !ids.empty();
  Json position = member(resume, "position");
  for (; at < (has_ids ? ids.size() : 1); ++at, position = Json()) {
    std::optional<std::int64_t> experiment;
    if (has_ids) {
      if (!ids[at].is_number_integer()) return fail(ErrorCode::invalid, "no place to go on from", "/continue");
      experiment = ids[at].get<std::int64_t>();
    }
    CICLO_TRY(position, sweep.run(experiment, position));
    if (position.is_null()) continue;
    sweep.report().resume = Json{{"ids", ids}, {"index", at}, {"position", position}};
    return {};
  }
  return {};
}

}  // namespace

Result<Report> PurgeService::gc(const Who& who, const GcRequest& request) {
  CICLO_CHECK(check(request));
  const std::lock_guard lock(mutex_);
  Json ids = member(request.resume, "ids");
  if (!ids.is_array()) {
    CICLO_TRY(ids, ids_of(resources_, request));
  }
  CICLO_TRY(auto mentions, Mentions::read(resources_));
  const SweepParts parts{resources_, blobs_, dependants_, settings_, who};
  Sweep sweep(
      parts,
      {.workspace = request.workspace, .before = before_of(resources_, request.older_than), .dry_run = request.dry_run},
      std::move(mentions));
  const bool is_first = request.resume.is_null();
  if (is_first || !request.dry_run) CICLO_CHECK(sweep.finish_pending(is_first));
  if (!request.runs.empty()) CICLO_CHECK(collect_runs(resources_, request, sweep, settings_.things_of_write));
  else CICLO_CHECK(collect(sweep, ids, request.resume));
  return std::move(sweep.report());
}

Result<Report> PurgeService::purge(const Who& who, const PurgeOne& request) {
  if (request.kind == PurgeKind::experiment) return purge_experiment(who, request);
  const std::lock_guard lock(mutex_);
  CICLO_TRY(auto mentions, Mentions::read(resources_));
  const SweepParts parts{resources_, blobs_, dependants_, settings_, who};
  Sweep sweep(parts, {.workspace = request.workspace, .before = before_of(resources_, Milliseconds(0))},
              std::move(mentions));
  const bool is_first = request.resume.is_null();
  CICLO_TRY(const auto thing, resources_.parts().database.read([&](sql::Session& session) {
    return tracking::PurgeStore().find(session, request.kind, request.workspace, request.name);
  }));
  const char* what = request.kind == PurgeKind::run ? "run" : "logged model";
  if (!thing && is_first)
    return fail(ErrorCode::not_found, fmt::format("there is no {} '{}'", what, request.name), request.name);
  CICLO_CHECK(sweep.finish_pending(is_first));
  if (thing) CICLO_CHECK(sweep.take({*thing}, true));
  Report& report = sweep.report();
  if (report.kept_count > 0)
    return fail(ErrorCode::conflict, fmt::format("the {} '{}' stays: {}", what, request.name, report.kept[0].reason),
                request.name, "delete that first");
  if (sweep.is_over()) report.resume = Json{{"name", request.name}};
  return std::move(report);
}

// Before anything is deleted, so that it is all or nothing.
Result<void> PurgeService::refuse_used(const Purge& experiment) {
  CICLO_TRY(const auto mentions, Mentions::read(resources_));
  return resources_.parts().database.read([&](sql::Session& session) -> Result<void> {
    const tracking::PurgeStore store;
    tracking::PurgeCandidates wanted{
        .workspace = experiment.workspace, .before = 0, .experiment_id = experiment.owner, .after = {}, .limit = 200};
    std::vector<Purge> found{experiment};
    for (const bool models : {false, true}) {
      for (wanted.after = {}; !found.empty(); wanted.after.number = found.back().owner) {
        CICLO_TRY(found, models ? store.models_of(session, wanted) : store.runs_of(session, wanted));
        for (const Purge& thing : found) {
          CICLO_TRY(const auto user, mentions.user_in(session, resources_.parts().store, thing));
          if (!user) continue;
          return fail(ErrorCode::conflict,
                      fmt::format("the experiment '{}' stays: {} uses the {} {} in it", experiment.title, *user,
                                  models ? "logged model" : "run", thing.name),
                      "experiments/" + experiment.name, "delete that first");
        }
        if (found.empty()) break;
      }
      found = {experiment};
    }
    CICLO_TRY(const auto user, mentions.user_in(session, resources_.parts().store, experiment));
    if (!user) return {};
    return fail(ErrorCode::conflict, fmt::format("the experiment '{}' stays: {} uses it", experiment.title, *user),
                "experiments/" + experiment.name, "delete that first");
  });
}

Result<Report> PurgeService::purge_experiment(const Who& who, const PurgeOne& request) {
  GcRequest gc{.workspace = request.workspace, .older_than = Milliseconds(0), .resume = request.resume};
  gc.experiments = {request.name};
  if (request.resume.is_null()) {
    auto& database = resources_.parts().database;
    CICLO_TRY(const auto id, tracking::parse_experiment_id(request.name));
    CICLO_TRY(const auto experiment, database.read([&](sql::Session& session) {
      return tracking::ExperimentStore().get(session, request.workspace, id);
    }));
    if (experiment.id == 0)
      return fail(ErrorCode::conflict, "the experiment Default stays: every workspace has it", "experiments/0",
                  "delete its runs");
    Purge thing;
    thing.kind = PurgeKind::experiment;
    thing.workspace = request.workspace;
    thing.name = std::to_string(experiment.id);
    thing.title = experiment.name;
    thing.owner = experiment.id;
    thing.artifact_uri = experiment.artifact_location;
    thing.blob_key = tracking::folder_of(thing);
    CICLO_CHECK(refuse_used(thing));
    if (experiment.stage == tracking::Lifecycle::active) {
      CICLO_CHECK(database.write([&](sql::Session& session) {
        return tracking::ExperimentStore().delete_in(session, experiment, before_of(resources_, Milliseconds(0)));
      }));
    }
    gc.resume = Json{{"ids", {experiment.id}}, {"index", 0}};
  }
  CICLO_TRY(auto report, this->gc(who, gc));
  if (report.kept_count == 0 || !report.resume.is_null()) return report;
  return fail(ErrorCode::conflict,
              fmt::format("the experiment '{}' is deleted, and stays: {} {}: {}", request.name, report.kept[0].kind,
                          report.kept[0].name, report.kept[0].reason),
              "experiments/" + request.name, "delete that first");
}

Result<Report> PurgeService::sweep_leftovers(Milliseconds older_than, bool dry_run) {
  Report report;
  const std::int64_t before = before_of(resources_, std::max<Milliseconds>(older_than, std::chrono::days(1)));
  for (const Leftovers& leftovers : leftovers_) {
    CICLO_TRY(const auto tally, leftovers.sweep(before, dry_run));
    if (tally.count > 0) report.of(leftovers.title) += tally;
  }
  return report;
}

}  // namespace ciclo::purge
