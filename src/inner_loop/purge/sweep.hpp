// One call's work: takes candidates, asks who uses them, and deletes them or counts what would go. Internal to this
// folder.
//
// Thread safety: none; one call, one object.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "inner_loop/purge/mentions.hpp"
#include "inner_loop/purge/service.hpp"

namespace ciclo::purge {

struct SweepParts {
  resources::ResourceService& resources;
  blobs::BlobStore& blobs;
  const std::vector<Dependant>& dependants;
  const PurgeSettings& settings;
  const PurgeService::Who& who;
};

struct SweepScope {
  std::string workspace;
  std::int64_t before = 0;  // Unix ms: deleted then or earlier
  bool dry_run = false;
};

class Sweep {
 public:
  Sweep(const SweepParts& parts, SweepScope scope, Mentions mentions)
      : parts_(parts),
        scope_(std::move(scope)),
        mentions_(std::move(mentions)),
        end_(std::chrono::steady_clock::now() + parts.settings.time_of_call) {}

  // Goes on with what an earlier call had begun. `is_first`: this call begins a new request, so that is counted apart.
  Result<void> finish_pending(bool is_first);
  // All things are of one kind. `any_stage`: also what is not deleted itself.
  Result<void> take(const std::vector<tracking::Purge>& things, bool any_stage = false);
  // Everything that was deleted in the workspace or in one experiment, from `position` on: {"phase", "after"}. What is
  // left when the time is over; null when nothing is.
  Result<Json> run(std::optional<std::int64_t> experiment, const Json& position);
  // Why it would stay; nothing when it would go.
  Result<std::optional<std::string>> why_kept(sql::Session& session, const tracking::Purge& thing) const;

  bool is_over() const { return std::chrono::steady_clock::now() >= end_; }
  Report& report() { return report_; }
  const SweepScope& scope() const { return scope_; }

 private:
  struct Place {
    std::optional<std::int64_t> experiment;
    tracking::PurgePosition after;
    std::string file_after;
  };
  using Phase = Result<bool> (Sweep::*)(Place&);  // whether it is done; `place` says how far it came
  Result<bool> take_runs(Place& place);
  Result<bool> take_models(Place& place);
  Result<bool> take_datasets(Place& place);
  Result<bool> take_experiments(Place& place);
  Result<bool> take_files(Place& place);

  Result<bool> take_models_in(const tracking::Purge& experiment);
  Result<std::optional<std::string>> why_experiment_stays(const tracking::Purge& experiment);
  Result<void> take_folder(const tracking::PurgeStore::ArtifactFolder& folder, const std::string& key);
  Result<void> take_folders_in(std::int64_t experiment, const std::string& key);
  tracking::PurgeCandidates candidates(const Place& place) const;

  Result<void> count(const std::vector<tracking::Purge>& things);
  Result<std::vector<tracking::Purge>> claim(const std::vector<tracking::Purge>& things, bool any_stage);
  Result<bool> claim_one_in(sql::Session& session, tracking::Purge& thing, bool any_stage);
  Result<void> record_in(sql::Session& session, const std::vector<tracking::Purge>& claimed);
  Result<void> finish(const std::vector<tracking::Purge>& claimed);
  Result<void> remove_files(const tracking::Purge& thing);
  // False when the time is over.
  Result<bool> erase_rows(const std::vector<tracking::Purge>& claimed);
  void keep(const tracking::Purge& thing, const std::string& reason);

  const SweepParts parts_;
  const SweepScope scope_;
  Mentions mentions_;
  const std::chrono::steady_clock::time_point end_;
  tracking::PurgeStore store_;
  Report report_;
  // Of claim(): kept aside until its transaction is known to have happened.
  std::vector<std::pair<tracking::Purge, std::string>> stays_;
};

// Bytes below a folder of the blob store and the time of the last change (Unix ms); nothing there: 0, 0.
struct FolderSize {
  std::uint64_t bytes = 0;
  std::int64_t files = 0;
  std::int64_t newest = 0;
};
Result<FolderSize> size_of(blobs::BlobStore& blobs, const std::string& folder,
                           const std::function<bool(const std::string& key)>& counts = {});

}  // namespace ciclo::purge
