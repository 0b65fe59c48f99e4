// Who sent a job, with the limits of the credential it was sent with: whatever the job does later stays within them.
//
// Thread safety: pure functions.
#pragma once

#include "resources/caller.hpp"
#include "resources/resource.hpp"

namespace ciclo::inner_loop {

// Writes the caller into the job's status (`submitter`).
void remember_submitter(resources::Resource& job, const resources::Caller& caller);
resources::Caller submitter_of(const resources::Resource& job);

}  // namespace ciclo::inner_loop
