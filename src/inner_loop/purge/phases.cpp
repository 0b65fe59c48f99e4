// In which order a sweep looks for what to delete, and how it goes on in the next call.
#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "inner_loop/purge/sweep.hpp"

namespace ciclo::purge {

using tracking::Purge;
using tracking::PurgeKind;

namespace {

constexpr std::size_t datasets_of_write = 500;

std::int64_t integer_at(const Json& list, std::size_t index) {
  return list.is_array() && index < list.size() && list[index].is_number_integer() ? list[index].get<std::int64_t>()
                                                                                   : 0;
}

}  // namespace

tracking::PurgeCandidates Sweep::candidates(const Place& place) const {
  return {.workspace = scope_.workspace,
          .before = scope_.before,
          .experiment_id = place.experiment,
          .after = place.after,
          .limit = parts_.settings.things_of_write};
}

// Data sets come after the runs that used them, experiments after all that was in them, and files that nothing refers
// to after everything that may refer to them.
Result<Json> Sweep::run(std::optional<std::int64_t> experiment, const Json& position) {
  static constexpr std::array<std::pair<std::string_view, Phase>, 5> phases{{{"runs", &Sweep::take_runs},
                                                                             {"logged_models", &Sweep::take_models},
                                                                             {"datasets", &Sweep::take_datasets},
                                                                             {"experiments", &Sweep::take_experiments},
                                                                             {"files", &Sweep::take_files}}};
  const std::string wanted = text_or(position, "phase", phases.front().first);
  const auto* phase = std::ranges::find(phases, wanted, &std::pair<std::string_view, Phase>::first);
  if (phase == phases.end()) return fail(ErrorCode::invalid, "there is no such place to go on from", "/continue");
  const Json& after = member(position, "after");
  Place place{.experiment = experiment,
              .after = {.time = integer_at(after, 0), .number = integer_at(after, 1)},
              .file_after = text_or(position, "file")};
  for (; phase != phases.end(); ++phase, place = Place{.experiment = experiment, .after = {}, .file_after = {}}) {
    CICLO_TRY(const bool is_done, (this->*phase->second)(place));
    if (is_done && !is_over()) continue;
    return Json{{"phase", phase->first}, {"after", {place.after.time, place.after.number}}, {"file", place.file_after}};
  }
  return Json(nullptr);
}

Result<bool> Sweep::take_runs(Place& place) {
  while (!is_over()) {
    CICLO_TRY(const auto found, parts_.resources.parts().database.read([&](sql::Session& session) {
      return store_.deleted_runs(session, candidates(place));
    }));
    if (found.empty()) return true;
    CICLO_CHECK(take(found));
    place.after = {.time = found.back().deleted_time, .number = found.back().owner};
  }
  return false;
}

Result<bool> Sweep::take_models(Place& place) {
  while (!is_over()) {
    CICLO_TRY(const auto found, parts_.resources.parts().database.read([&](sql::Session& session) {
      return store_.deleted_models(session, candidates(place));
    }));
    if (found.empty()) return true;
    CICLO_CHECK(take(found));
    place.after = {.time = found.back().deleted_time, .number = found.back().owner};
  }
  return false;
}

Result<bool> Sweep::take_datasets(Place& place) {
  while (!is_over()) {
    auto wanted = candidates(place);
    wanted.limit = datasets_of_write;
    if (!scope_.dry_run) wanted.before = 0;
    CICLO_TRY(const auto numbers, parts_.resources.parts().database.read(
                                      [&](sql::Session& session) { return store_.unused_datasets(session, wanted); }));
    if (numbers.empty()) return true;
    auto rows = static_cast<std::int64_t>(numbers.size());
    if (!scope_.dry_run) {
      CICLO_TRY(rows, parts_.resources.parts().database.write(
                          [&](sql::Session& session) { return store_.erase_datasets_in(session, numbers); }));
    }
    report_.of("dataset") += {.count = rows, .rows = rows, .bytes = 0};
    place.after.number = numbers.back();
  }
  return false;
}

// The logged models of a deleted experiment are deleted with it, whatever stage they have themselves.
Result<bool> Sweep::take_models_in(const Purge& experiment) {
  Place place{.experiment = experiment.owner, .after = {}, .file_after = {}};
  // A dry run would count twice what it looks at twice.
  while (scope_.dry_run || !is_over()) {
    CICLO_TRY(auto found, parts_.resources.parts().database.read(
                              [&](sql::Session& session) { return store_.models_of(session, candidates(place)); }));
    if (found.empty()) return true;
    place.after.number = found.back().owner;
    // Those that were deleted by themselves had their turn in a dry run.
    if (scope_.dry_run)
      std::erase_if(found, [&](const Purge& model) { return !model.is_active && model.deleted_time <= scope_.before; });
    CICLO_CHECK(take(found, true));
  }
  return false;
}

Result<std::optional<std::string>> Sweep::why_experiment_stays(const Purge& experiment) {
  return parts_.resources.parts().database.read([&](sql::Session& session) -> Result<std::optional<std::string>> {
    if (auto reason = why_kept(session, experiment); !reason || *reason) return reason;
    Place place{.experiment = experiment.owner, .after = {}, .file_after = {}};
    for (const bool models : {false, true}) {
      place.after = {};
      for (;;) {
        CICLO_TRY(const auto found,
                  models ? store_.models_of(session, candidates(place)) : store_.runs_of(session, candidates(place)));
        if (found.empty()) break;
        for (const Purge& thing : found) {
          const std::string what = fmt::format("{} {}", models ? "logged model" : "run", thing.name);
          CICLO_TRY(const auto reason, why_kept(session, thing));
          if (reason) return fmt::format("{} in it stays: {}", what, *reason);
          if (models) continue;
          if (thing.is_active) return fmt::format("{} in it is active", what);
          if (thing.deleted_time > scope_.before) return fmt::format("{} in it was deleted later", what);
        }
        place.after.number = found.back().owner;
      }
    }
    return std::nullopt;
  });
}

Result<bool> Sweep::take_experiments(Place& place) {
  while (!is_over()) {
    auto wanted = candidates(place);
    wanted.limit = 1;
    CICLO_TRY(const auto found, parts_.resources.parts().database.read([&](sql::Session& session) {
      return store_.deleted_experiments(session, wanted);
    }));
    if (found.empty()) return true;
    const Purge& experiment = found.front();
    CICLO_TRY(const bool has_no_models, take_models_in(experiment));
    if (!has_no_models) return false;
    CICLO_TRY(const auto reason, why_experiment_stays(experiment));
    if (reason) keep(experiment, *reason);
    else CICLO_CHECK(take(found));
    place.after.number = experiment.owner;
  }
  return false;
}

// A folder counts when its newest file is old enough, too.
Result<void> Sweep::take_folder(const tracking::PurgeStore::ArtifactFolder& folder, const std::string& key) {
  CICLO_TRY(const auto size, size_of(parts_.blobs, key));
  if (size.newest > scope_.before) return {};
  CICLO_TRY(const bool is_orphan, parts_.resources.parts().database.read(
                                      [&](sql::Session& session) { return store_.is_orphan(session, folder); }));
  if (!is_orphan) return {};
  Purge thing;
  thing.kind = PurgeKind::files;
  thing.workspace = folder.workspace;
  thing.name = folder.name;
  thing.experiment_id = folder.experiment_id;
  thing.whose = folder.kind;
  thing.blob_key = key;
  thing.title = key.substr(folder.workspace.size() + 1);
  return take({thing});
}

// <experiment>/<run>/artifacts and <experiment>/models/<logged model>/artifacts; whatever else somebody put there
// stays.
Result<void> Sweep::take_folders_in(std::int64_t experiment, const std::string& key) {
  for (const bool models : {false, true}) {
    const std::string parent = models ? key + "/models" : key;
    CICLO_TRY(const auto entries, parts_.blobs.list(parent));
    for (const blobs::Listed& entry : entries) {
      if (!entry.is_folder || (is_over() && !scope_.dry_run)) continue;
      const std::string folder = fmt::format("{}/{}", parent, entry.name);
      CICLO_TRY(const auto inside, parts_.blobs.list(folder));
      if (inside.size() != 1 || inside.front().name != "artifacts" || !inside.front().is_folder) continue;
      CICLO_CHECK(take_folder({.workspace = scope_.workspace,
                               .experiment_id = experiment,
                               .kind = models ? PurgeKind::logged_model : PurgeKind::run,
                               .name = entry.name},
                              folder + "/artifacts"));
    }
  }
  return {};
}

Result<bool> Sweep::take_files(Place& place) {
  const std::string root = scope_.workspace + "/mlflow";
  CICLO_TRY(const auto folders, parts_.blobs.list(root));
  for (const blobs::Listed& folder : folders) {
    const auto id = parse_int(folder.name);
    if (!folder.is_folder || !id || folder.name <= place.file_after) continue;
    if (place.experiment && *place.experiment != *id) continue;
    if (is_over()) return false;
    const std::string key = fmt::format("{}/{}", root, folder.name);
    CICLO_TRY(const auto experiment, parts_.resources.parts().database.read([&](sql::Session& session) {
      return store_.find(session, PurgeKind::experiment, scope_.workspace, folder.name);
    }));
    if (experiment) {
      CICLO_CHECK(take_folders_in(*id, key));
      // What is left of it has its turn in the next call.
      if (is_over() && !scope_.dry_run) return false;
    } else {
      CICLO_CHECK(take_folder(
          {.workspace = scope_.workspace, .experiment_id = *id, .kind = PurgeKind::experiment, .name = folder.name},
          key));
    }
    place.file_after = folder.name;
  }
  return true;
}

}  // namespace ciclo::purge
