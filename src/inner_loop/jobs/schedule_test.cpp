#include "inner_loop/jobs/schedule.hpp"

#include <gtest/gtest.h>

namespace ciclo::inner_loop {
namespace {

using Names = std::vector<std::string>;
using enum JobStatus;

// prep → train → evaluate, and a step `report` that needs prep alone.
PipelineState pipeline(JobStatus prep, JobStatus train, JobStatus evaluate, JobStatus report) {
  return {running,
          false,
          {{"prep", prep, {}},
           {"train", train, {"prep"}},
           {"evaluate", evaluate, {"train"}},
           {"report", report, {"prep"}}}};
}

TEST(Schedule, Tables) {
  struct Case {
    PipelineState state;
    bool go_on;
    bool cancelling;
    Names queue;
    Names cancel;
    std::optional<JobStatus> end;
    std::string failed;
  };
  const Case cases[] = {
      {pipeline(not_started, not_started, not_started, not_started), false, false, {"prep"}, {}, {}, ""},
      {pipeline(queued, not_started, not_started, not_started), false, false, {}, {}, {}, ""},
      {pipeline(completed, not_started, not_started, not_started), false, false, {"train", "report"}, {}, {}, ""},
      {pipeline(completed, running, not_started, completed), false, false, {}, {}, {}, ""},
      {pipeline(completed, completed, completed, completed), false, false, {}, {}, completed, ""},
      // A failure stops everything …
      {pipeline(completed, failed, not_started, running), false, false, {}, {"evaluate", "report"}, {}, ""},
      {pipeline(completed, failed, canceled, cancel_requested), false, false, {}, {}, {}, ""},
      {pipeline(completed, failed, canceled, canceled), false, false, {}, {}, failed, "train"},
      // … or only what needs the failed step.
      {pipeline(completed, failed, not_started, not_started), true, false, {"report"}, {"evaluate"}, {}, ""},
      {pipeline(completed, failed, canceled, completed), true, false, {}, {}, failed, "train"},
      // A step cancelled by itself counts as failed.
      {pipeline(completed, canceled, not_started, running), true, false, {}, {"evaluate"}, {}, ""},
      {pipeline(completed, canceled, canceled, completed), true, false, {}, {}, failed, "train"},
      // The pipeline itself is cancelled.
      {pipeline(completed, running, not_started, queued), false, true, {}, {"train", "evaluate", "report"}, {}, ""},
      {pipeline(completed, canceled, canceled, completed), false, true, {}, {}, canceled, "train"},
      {pipeline(completed, completed, completed, completed), false, true, {}, {}, canceled, ""},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Case& c = cases[i];
    PipelineState state = c.state;
    state.continue_on_step_failure = c.go_on;
    if (c.cancelling) state.status = cancel_requested;
    const PipelineDecision decision = decide(state);
    EXPECT_EQ(decision.queue, c.queue) << "case " << i;
    EXPECT_EQ(decision.cancel, c.cancel) << "case " << i;
    EXPECT_EQ(decision.end, c.end) << "case " << i;
    EXPECT_EQ(decision.failed_node, c.failed) << "case " << i;
  }
}

TEST(JobStatus, NamesAndTransitions) {
  for (const JobStatus status :
       {not_started, queued, starting, preparing, running, finalizing, cancel_requested, completed, failed, canceled})
    EXPECT_EQ(parse_job_status(name_of(status)), status);
  EXPECT_FALSE(parse_job_status("Done"));
  EXPECT_EQ(status_of(Json::object()), not_started);
  EXPECT_TRUE(may_follow(queued, preparing));
  EXPECT_TRUE(may_follow(cancel_requested, canceled));
  EXPECT_FALSE(may_follow(cancel_requested, running));
  EXPECT_FALSE(may_follow(completed, failed));
  EXPECT_FALSE(may_follow(running, running));
}

}  // namespace
}  // namespace ciclo::inner_loop
