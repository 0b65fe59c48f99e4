// What jobs can do over HTTP beyond what every kind can, below /api/v1/workspaces/{workspace}/jobs/{name}:
//   POST /cancel                              asks it to stop; answers the job
//   GET  /logs                                {"value":[{"name","size"}]}: "user_logs/std_log.txt" …
//   GET  /logs/{file*}?offset=                its text from a byte on, at most 1 MiB; header x-next-offset
//   GET  /stream                              the output of the job, or of all steps of a pipeline, until it ends
//   GET  /outputs/{output}/paths/{path*}      a file; with ?recursive=true the files below a folder:
//                                             {"value":[{"name","size"}]}
//
// Thread safety: handlers are called from any thread.
#pragma once

#include "inner_loop/jobs/parts.hpp"
#include "platform/http/router.hpp"

namespace ciclo::inner_loop {

// `parts` and `settings` must outlive the router.
Result<void> add_job_routes(http::Router& router, const JobParts& parts, const JobSettings& settings);

}  // namespace ciclo::inner_loop
