// The document of a job that a schedule or a trigger creates: a job's YAML, or an existing job that is run again, with
// what is to be different.
//
// Thread safety: pure but for reading in the caller's session.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"
#include "resources/store.hpp"

namespace ciclo::outer_loop {

struct JobSource {
  sql::Session& session;
  const resources::ResourceStore& store;
  std::string workspace;
  std::string default_experiment;  // for jobs that name none
};

// `job`: a job's document, or "azureml:name" of an existing one. Its own name is dropped. Fails with not_found or
// invalid.
Result<Json> job_document(const JobSource& source, const Json& job);
// Replaces inputs, outputs and settings member by member, everything else whole.
void override_job(Json& document, const Json& overrides);
// Sets the values of {"settings.force_rerun": true, "jobs.train.inputs.l2": 0.2} by path, making what is missing. Fails
// with invalid when a path goes through what is no object.
Result<void> set_by_path(Json& document, const Json& values);

}  // namespace ciclo::outer_loop
