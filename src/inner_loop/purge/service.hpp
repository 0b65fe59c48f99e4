// Deletion for good of runs, logged models, experiments, data sets that no run uses, and files that nothing refers to.
//
// gc() takes what was soft-deleted long enough ago; purge() takes one thing now. What a model version, a job or any
// other resource still uses stays as a whole, and is named.
//
// Order, and what an interruption leaves: in one transaction the thing's row goes, a line says what is left to do, and
// event and audit row are written (from then on it is gone, and an experiment's name is free); then its files go; then
// its rows, some thousand a transaction; then the line. Killed anywhere, the next call of either function for that
// workspace goes on with the lines that are there. A file that is missing is no error. A run's id is free again when
// its line is gone.
//
// A call works for some seconds; what is then left is in Report::resume, to be handed in again.
//
// Errors: not_found; conflict for purge() of what is still used; invalid for a malformed request.
//
// Thread safety: safe from any thread; one call works at a time. Not from inside a Database::write closure.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "inner_loop/purge/types.hpp"
#include "platform/blobs/blob_store.hpp"
#include "resources/service.hpp"

namespace ciclo::purge {

struct PurgeSettings {
  std::chrono::milliseconds time_of_call{4'000};
  // Rows of one transaction, and things that vanish in one. Others' writes wait for no more than one such transaction.
  std::size_t rows_of_write = 1'000;
  std::size_t things_of_write = 20;
};

struct PurgeOne {
  tracking::PurgeKind kind = tracking::PurgeKind::run;
  std::string workspace;
  std::string name;  // the id
  Json resume;
};

class PurgeService {
 public:
  // All must outlive it.
  PurgeService(resources::ResourceService& resources, blobs::BlobStore& blobs, PurgeSettings settings = {})
      : resources_(resources), blobs_(blobs), settings_(settings) {}

  // While the server is built only.
  void add(Dependant dependant) { dependants_.push_back(std::move(dependant)); }
  void add(Leftovers leftovers) { leftovers_.push_back(std::move(leftovers)); }

  // `decision`: by which rule the caller may; for the audit log.
  struct Who {
    const resources::Caller& caller;
    const resources::Decision& decision;
  };
  Result<Report> gc(const Who& who, const GcRequest& request);
  // What is not deleted yet is deleted first. An experiment takes everything with it that is in it, or stays as it is
  // when something in it is still used.
  Result<Report> purge(const Who& who, const PurgeOne& request);
  // Of all workspaces together. `older_than` is at least a day here.
  Result<Report> sweep_leftovers(Milliseconds older_than, bool dry_run);

 private:
  Result<Report> purge_experiment(const Who& who, const PurgeOne& request);
  Result<void> refuse_used(const tracking::Purge& experiment);

  resources::ResourceService& resources_;
  blobs::BlobStore& blobs_;
  const PurgeSettings settings_;
  std::vector<Dependant> dependants_;
  std::vector<Leftovers> leftovers_;
  std::mutex mutex_;
};

}  // namespace ciclo::purge
