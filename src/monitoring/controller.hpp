// Brings schedules about: at each of their times, and when asked, a job is created or a monitor runs.
//
// A due time is first written down as a pending run; its key is the time, so it is written once. Then it is done: for
// a job, the job, the run's end and the schedule's status are one transaction; a monitor is computed first, and then
// its result, metrics, status and events are one transaction, which only happens while the run is pending. So a kill at
// any moment neither loses nor doubles a time. Of times missed while the server was down, only the last is made up for.
//
// Events: ciclo.schedule.fired for jobs; ciclo.monitor.completed {monitor, run, breached, signals} for monitors, and
// for each breached rule of a signal that alerts ciclo.monitor.alert {monitor, run, signal, signal_type, feature,
// metric, value, threshold}; ciclo.monitor.failed or ciclo.schedule.failed {reason}.
//
// Thread safety: reconcile() of different schedules runs at the same time.
#pragma once

#include "monitoring/kinds.hpp"
#include "monitoring/monitor_runner.hpp"
#include "platform/log/log.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::monitoring {

struct ScheduleControllerParts {
  resources::ResourceService& service;
  MonitorRunner& runner;
  log::Logger& logger;
};

class ScheduleController final : public resources::Controller {
 public:
  explicit ScheduleController(ScheduleControllerParts parts) : parts_(parts) {}

  std::string kind() const override { return "schedule"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;

 private:
  Result<void> note_due(const resources::Resource& schedule, const ScheduleTrigger& trigger);
  Result<void> do_run(const resources::Resource& schedule, const ScheduleTrigger& trigger, ScheduleRun run);
  Result<void> create_job(const resources::Resource& schedule, ScheduleRun& run);
  Result<void> run_monitor(const resources::Resource& schedule, const ScheduleTrigger& trigger, ScheduleRun& run);
  Result<void> fail_run(const resources::Resource& schedule, ScheduleRun& run, const Error& error);
  Result<void> write_monitor(sql::Session& session, const resources::Resource& schedule, const ScheduleRun& run,
                             const MonitorOutcome& outcome);
  Result<void> announce(sql::Session& session, const resources::Resource& schedule, std::string_view type, Json data);

  ScheduleControllerParts parts_;
  ScheduleStore store_;
};

}  // namespace ciclo::monitoring
