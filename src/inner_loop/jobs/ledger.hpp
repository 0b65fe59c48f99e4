// Every change of a job's status goes through here: the job's resource, its MLflow run, its event and its lineage
// change in one transaction, and only in ways that are allowed.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "inner_loop/jobs/status.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "resources/service.hpp"

namespace ciclo::inner_loop {

struct JobChange {
  JobStatus to = JobStatus::queued;
  Json patch = Json::object();  // merged into the resource's status
  std::vector<resources::Link> links;
};

class JobLedger {
 public:
  // `service` must outlive the ledger.
  explicit JobLedger(resources::ResourceService& service) : service_(service) {}

  // The job as it is afterwards; nothing when it may not go there (any more): it has ended, or is to be cancelled.
  Result<std::optional<resources::Resource>> move_in(sql::Session& session, const resources::ResourceKey& key,
                                                     const JobChange& change) const;
  Result<std::optional<resources::Resource>> move(const resources::ResourceKey& key, const JobChange& change) const;
  // Ends the job with an error for people.
  Result<std::optional<resources::Resource>> fail_in(sql::Session& session, const resources::ResourceKey& key,
                                                     const Error& error) const;
  // Asks a job to stop. One that has not begun is cancelled at once; one that has ended stays as it is.
  Result<resources::Resource> request_cancel_in(sql::Session& session, const resources::ResourceKey& key) const;
  // Status without a change of status (a pipeline's steps, warnings). No event.
  Result<void> note_in(sql::Session& session, const resources::ResourceKey& key, const Json& patch) const;

 private:
  resources::ResourceService& service_;
};

// Makes the MLflow run that belongs to a job, a child of its owner's run.
Result<void> create_run(sql::Session& session, const resources::Resource& job, const std::string& user, TimePoint now);

// The form of an error in a job's status: {code, message, hint}.
Json job_error(const Error& error);

}  // namespace ciclo::inner_loop
