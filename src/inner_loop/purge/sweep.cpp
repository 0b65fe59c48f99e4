#include "inner_loop/purge/sweep.hpp"

#include <fmt/format.h>

namespace ciclo::purge {

using tracking::Purge;
using tracking::PurgeKind;

namespace {

std::string subject_of(const Purge& thing) {
  return fmt::format("{}/{}", thing.kind == PurgeKind::logged_model ? "logged-model" : name_of(thing.kind), thing.name);
}

// Files that count with the runs and logged models of the experiment `folder`, not with itself.
bool is_of_a_run(const std::string& folder, const std::string& key) {
  std::string_view rest = std::string_view(key).substr(folder.size() + 1);
  if (rest.starts_with("models/")) rest.remove_prefix(7);
  const auto slash = rest.find('/');
  return slash != std::string_view::npos && rest.substr(slash).starts_with("/artifacts/");
}

}  // namespace

Result<FolderSize> size_of(blobs::BlobStore& blobs, const std::string& folder,
                           const std::function<bool(const std::string& key)>& counts) {
  FolderSize size;
  CICLO_TRY(const auto files, blobs.walk(folder));
  for (const blobs::BlobInfo& file : files) {
    size.newest = std::max(size.newest, file.modified_ms);
    if (counts && !counts(file.key)) continue;
    size.bytes += file.size;
    ++size.files;
  }
  return size;
}

void Sweep::keep(const Purge& thing, const std::string& reason) {
  report_.keep({.kind = std::string(name_of(thing.kind)), .name = thing.name, .title = thing.title, .reason = reason});
}

Result<std::optional<std::string>> Sweep::why_kept(sql::Session& session, const Purge& thing) const {
  if (thing.kind == PurgeKind::experiment && thing.owner == 0) return "every workspace has it";
  CICLO_TRY(const auto user, mentions_.user_in(session, parts_.resources.parts().store, thing));
  if (user) return *user + " uses it";
  return std::nullopt;
}

Result<void> Sweep::take(const std::vector<Purge>& things, bool any_stage) {
  if (things.empty()) return {};
  if (scope_.dry_run) return count(things);
  CICLO_TRY(const auto claimed, claim(things, any_stage));
  return finish(claimed);
}

Result<void> Sweep::count(const std::vector<Purge>& things) {
  for (const Purge& thing : things) {
    FolderSize size;
    if (!thing.blob_key.empty()) {
      const bool is_experiment = thing.kind == PurgeKind::experiment;
      CICLO_TRY(size, size_of(parts_.blobs, thing.blob_key, [&](const std::string& key) {
                  return !is_experiment || !is_of_a_run(thing.blob_key, key);
                }));
    }
    CICLO_CHECK(parts_.resources.parts().database.read([&](sql::Session& session) -> Result<void> {
      CICLO_TRY(const auto reason, why_kept(session, thing));
      if (reason) {
        keep(thing, *reason);
        return {};
      }
      CICLO_TRY(const auto rows, store_.count_rows(session, thing));
      report_.of(std::string(name_of(thing.kind))) += {.count = 1, .rows = rows, .bytes = size.bytes};
      for (const Dependant& dependant : parts_.dependants) {
        if (!dependant.count) continue;
        CICLO_TRY(const auto more, dependant.count(session, thing));
        if (more > 0) report_.of(dependant.title) += {.count = more, .rows = more, .bytes = 0};
      }
      return {};
    }));
  }
  return {};
}

// Looks again, as it may have been restored since it was found.
Result<bool> Sweep::claim_one_in(sql::Session& session, Purge& thing, bool any_stage) {
  if (thing.kind == PurgeKind::files) {
    CICLO_TRY(const bool is_orphan, store_.is_orphan(session, {.workspace = thing.workspace,
                                                               .experiment_id = thing.experiment_id,
                                                               .kind = thing.whose,
                                                               .name = thing.name}));
    if (!is_orphan) return false;
  } else {
    CICLO_TRY(const auto now, store_.find(session, thing.kind, thing.workspace, thing.name));
    if (!now || now->owner != thing.owner) return false;
    if (!any_stage && (now->is_active || now->deleted_time > scope_.before)) return false;
    thing = *now;
  }
  CICLO_TRY(const auto reason, why_kept(session, thing));
  if (reason) {
    stays_.emplace_back(thing, *reason);
    return false;
  }
  return store_.claim_in(session, thing, to_unix_ms(parts_.resources.parts().clock.now()));
}

Result<std::vector<Purge>> Sweep::claim(const std::vector<Purge>& things, bool any_stage) {
  auto claimed = parts_.resources.parts().database.write([&](sql::Session& session) -> Result<std::vector<Purge>> {
    stays_.clear();
    std::vector<Purge> taken;
    CICLO_CHECK(mentions_.add_newer_in(session));
    for (Purge thing : things) {
      CICLO_TRY(const bool is_taken, claim_one_in(session, thing, any_stage));
      if (!is_taken) continue;
      for (const Dependant& dependant : parts_.dependants)
        if (dependant.forget) CICLO_CHECK(dependant.forget(session, thing));
      taken.push_back(std::move(thing));
    }
    CICLO_CHECK(record_in(session, taken));
    return taken;
  });
  if (!claimed) return claimed;
  for (const auto& [thing, reason] : stays_) keep(thing, reason);
  for (const Purge& thing : *claimed)
    report_.of(std::string(name_of(thing.kind))) += {.count = 1, .rows = thing.kind == PurgeKind::files ? 0 : 1};
  return claimed;
}

Result<void> Sweep::record_in(sql::Session& session, const std::vector<Purge>& claimed) {
  if (claimed.empty()) return {};
  const PurgeKind kind = claimed.front().kind;
  Json items = Json::array();
  for (const Purge& thing : claimed) {
    Json item{{"name", thing.name}, {"experiment_id", std::to_string(thing.experiment_id)}};
    if (!thing.title.empty()) item["title"] = thing.title;
    items.push_back(std::move(item));
  }
  const bool is_one = claimed.size() == 1;
  const std::string root = "/workspaces/" + scope_.workspace;
  events::Event event{.type = fmt::format("ciclo.{}.purged", name_of(kind)),
                      .source = root,
                      .subject = is_one ? subject_of(claimed.front()) : std::string(name_of(kind)),
                      .workspace = scope_.workspace,
                      .actor = parts_.who.caller.principal,
                      .data = {{"items", items}}};
  return parts_.resources.record_in(
      session,
      {.caller = parts_.who.caller,
       .action = "workspace/write",
       .operation = "purge",
       .workspace = scope_.workspace,
       .target = fmt::format("{}/{}", root, is_one ? subject_of(claimed.front()) : std::string(name_of(kind))),
       .decision = parts_.who.decision,
       .detail = {{"items", std::move(items)}}},
      std::move(event));
}

Result<void> Sweep::remove_files(const Purge& thing) {
  if (thing.blob_key.empty()) return {};
  CICLO_TRY(const auto size, size_of(parts_.blobs, thing.blob_key));
  CICLO_CHECK(parts_.blobs.remove_tree(thing.blob_key));
  report_.of(std::string(name_of(thing.kind))) += {.bytes = size.bytes};
  return {};
}

Result<bool> Sweep::erase_rows(const std::vector<Purge>& claimed) {
  struct Batch {
    std::vector<std::pair<std::string, std::int64_t>> rows;
    std::size_t finished = 0;  // things at the front of the list
  };
  std::size_t from = 0;
  while (from < claimed.size()) {
    if (is_over()) return false;
    CICLO_TRY(const Batch batch, parts_.resources.parts().database.write([&](sql::Session& session) -> Result<Batch> {
      Batch done;
      std::size_t left = parts_.settings.rows_of_write;
      const auto take = [&](const std::string& what, const tracking::Erased& erased) {
        done.rows.emplace_back(what, erased.rows);
        left -= std::min(left, static_cast<std::size_t>(erased.rows));
        return erased.is_done && left > 0;
      };
      for (std::size_t i = from; i < claimed.size() && left > 0; ++i) {
        CICLO_TRY(const auto erased, store_.erase_in(session, claimed[i], left));
        bool goes_on = take(std::string(name_of(claimed[i].kind)), erased);
        for (const Dependant& dependant : parts_.dependants) {
          if (!goes_on || !dependant.erase) continue;
          CICLO_TRY(const auto more, dependant.erase(session, claimed[i], left));
          goes_on = take(dependant.title, more);
        }
        if (!goes_on) return done;
        CICLO_CHECK(store_.finish_in(session, claimed[i]));
        ++done.finished;
      }
      return done;
    }));
    from += batch.finished;
    for (const auto& [what, rows] : batch.rows)
      if (rows > 0) report_.of(what) += {.count = 0, .rows = rows, .bytes = 0};
  }
  return true;
}

Result<void> Sweep::finish(const std::vector<Purge>& claimed) {
  for (const Purge& thing : claimed) CICLO_CHECK(remove_files(thing));
  CICLO_CHECK(erase_rows(claimed));
  return {};
}

Result<void> Sweep::finish_pending(bool is_first) {
  while (!is_over()) {
    CICLO_TRY(const auto pending, parts_.resources.parts().database.read([&](sql::Session& session) {
      return store_.find_pending(session, scope_.workspace, parts_.settings.things_of_write);
    }));
    if (pending.empty()) return {};
    if (is_first && scope_.dry_run) {
      for (const Purge& thing : pending) report_.of("unfinished").count += thing.number > 0 ? 1 : 0;
      return {};
    }
    if (is_first) report_.of("unfinished").count += static_cast<std::int64_t>(pending.size());
    CICLO_CHECK(finish(pending));
  }
  return {};
}

}  // namespace ciclo::purge
