#include "inner_loop/jobs/submitter.hpp"

namespace ciclo::inner_loop {

void remember_submitter(resources::Resource& job, const resources::Caller& caller) {
  job.status["submitter"] = resources::remember(caller);
}

resources::Caller submitter_of(const resources::Resource& job) {
  if (const Json& remembered = member(job.status, "submitter"); remembered.is_object())
    return resources::recall(remembered);
  resources::Caller caller;  // a job of a server that did not write it down
  caller.principal = job.created_by;
  return caller;
}

}  // namespace ciclo::inner_loop
