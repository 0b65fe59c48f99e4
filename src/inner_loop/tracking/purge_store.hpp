// Deletion for good: the SQL that removes a run, a logged model or an experiment with all rows that belong to it.
//
// In three steps, so that no transaction is long and an interruption anywhere leaves work that is written down:
//   claim_in()   the thing's own row goes and a line of the table `purges` takes its place. For every reader it is
//   gone. erase_in()   its further rows go, some thousand a call; between two calls everybody else's writes have their
//   turn. finish_in()  the line goes.
// Whoever finds lines (find_pending) goes on where somebody stopped. Files are removed between the first step and the
// last, by src/inner_loop/purge.
//
// A table that comes to hold rows of runs, logged models or experiments gets one line in `tables_of`
// (purge_tables.cpp).
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// `files`: a folder of artifacts whose run, logged model or experiment is gone.
enum class PurgeKind : std::uint8_t { run, logged_model, experiment, files };
std::string_view name_of(PurgeKind kind);  // "run", "logged_model", "experiment", "files"

struct Purge {
  PurgeKind kind = PurgeKind::run;
  std::string workspace;
  std::string name;   // run id, logged model's id, experiment's id; for files the last segment that names one
  std::string title;  // what people call it
  std::int64_t experiment_id = 0;
  std::int64_t owner = 0;            // run_number, model_number, experiment_id
  std::string artifact_uri;          // as the thing had it; empty for files
  std::string blob_key;              // the folder to remove; empty when none is this server's to remove
  PurgeKind whose = PurgeKind::run;  // for files: what the folder was of
  bool is_active = false;            // not (soft-)deleted
  bool is_managed = false;           // the run of a job
  std::int64_t deleted_time = 0;     // Unix ms
  std::int64_t number = 0;           // of its line in `purges`, once it is claimed
};

// A place in the order in which candidates come.
struct PurgePosition {
  std::int64_t time = 0;
  std::int64_t number = 0;
};

struct PurgeCandidates {
  std::string workspace;
  std::int64_t before = 0;  // deleted at this time (Unix ms) or earlier
  std::optional<std::int64_t> experiment_id;
  PurgePosition after;
  std::size_t limit = 50;
};

// Rows that were removed, by table, and whether there may be more.
struct Erased {
  std::int64_t rows = 0;
  bool is_done = false;
};

class PurgeStore {
 public:
  // What was soft-deleted long enough ago, in the order of deletion.
  Result<std::vector<Purge>> deleted_runs(sql::Session& session, const PurgeCandidates& wanted) const;
  Result<std::vector<Purge>> deleted_models(sql::Session& session, const PurgeCandidates& wanted) const;
  // In the order of their ids, after `wanted.after.number`.
  Result<std::vector<Purge>> deleted_experiments(sql::Session& session, const PurgeCandidates& wanted) const;
  // Everything in an experiment, in whatever stage, in the order of creation after `wanted.after.number`.
  Result<std::vector<Purge>> runs_of(sql::Session& session, const PurgeCandidates& wanted) const;
  Result<std::vector<Purge>> models_of(sql::Session& session, const PurgeCandidates& wanted) const;
  // One thing, in whatever stage; nothing when there is none.
  Result<std::optional<Purge>> find(sql::Session& session, PurgeKind kind, const std::string& workspace,
                                    const std::string& name) const;

  // See above. Answers false, and changes nothing, when the thing is gone already, or is not in the stage that `purge`
  // says any more.
  Result<bool> claim_in(sql::Session& session, Purge& purge, std::int64_t now) const;
  // About `most` rows at most.
  Result<Erased> erase_in(sql::Session& session, const Purge& purge, std::size_t most) const;
  Result<void> finish_in(sql::Session& session, const Purge& purge) const;
  Result<std::vector<Purge>> find_pending(sql::Session& session, const std::string& workspace, std::size_t most) const;

  // The rows that claim_in() and erase_in() would remove.
  Result<std::int64_t> count_rows(sql::Session& session, const Purge& purge) const;

  // Data sets that no run uses, in the order of their numbers; with `before`: none but runs that were deleted until
  // then. And their removal, where no run uses them.
  Result<std::vector<std::int64_t>> unused_datasets(sql::Session& session, const PurgeCandidates& wanted) const;
  Result<std::int64_t> erase_datasets_in(sql::Session& session, const std::vector<std::int64_t>& numbers) const;

  // Whether anything in the database still has artifacts at "<experiment>/<rest>" below mlflow-artifacts:/ (`name`: the
  // run or logged model that the path names), or whether that was ever an experiment's place at all.
  struct ArtifactFolder {
    std::string workspace;
    std::int64_t experiment_id = 0;
    PurgeKind kind = PurgeKind::run;  // whose folder it would be
    std::string name;
  };
  Result<bool> is_orphan(sql::Session& session, const ArtifactFolder& folder) const;

  // Fails with conflict while the files at `blob_key` are being removed for good: nothing may begin to use them.
  Result<void> check_stays(sql::Session& session, const std::string& workspace, const std::string& blob_key) const;
  // The same for a run's id, which is free again once its files are gone.
  Result<void> check_run_id(sql::Session& session, const std::string& workspace, const std::string& run_id) const;
};

// The folder in the blob store that ends with the thing; empty when its artifacts do not lie on this server, or not in
// a folder of its own.
std::string folder_of(const Purge& purge);

// Of the table `purges`, and the indexes that find what was deleted.
extern const std::string_view purge_schema;

// A table with rows of a run, a logged model or an experiment.
struct OwnedTable {
  std::string_view name;
  // Which rows are the owner's. Has one `?`, the owner's number; or two, the workspace and the owner's number.
  std::string_view owned;
  bool is_by_workspace = false;
  // The columns that tell the owner's rows apart, up to the last that keeps a batch small, and a letter for each one's
  // type: t(ext), i(nteger).
  std::string_view keys;
  std::string_view types;
};
const std::vector<OwnedTable>& tables_of(PurgeKind kind);

}  // namespace ciclo::tracking
