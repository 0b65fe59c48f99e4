#include "monitoring/controller.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "outer_loop/triggers/job_document.hpp"
#include "outer_loop/triggers/kinds.hpp"

namespace ciclo::monitoring {
namespace {

using resources::Resource;
using resources::ResourceKey;
using std::chrono::milliseconds;

// The clock may be set while a wake-up waits.
constexpr milliseconds kLongestWait{60'000};

bool is_final(ErrorCode code) {
  return code != ErrorCode::unavailable && code != ErrorCode::quota && code != ErrorCode::internal;
}

bool is_monitor(const Resource& schedule) {
  return schedule.spec.contains("create_monitor");
}

// "nightly-20260131T081500Z"; one asked for by hand gets its run's number, since two may fall on one second.
std::string job_name_of(const ScheduleRun& run) {
  std::string name =
      fmt::format("{}-{:%Y%m%dT%H%M%SZ}", run.schedule, std::chrono::floor<std::chrono::seconds>(run.scheduled));
  return run.request.empty() ? name : fmt::format("{}-{}", name, run.id);
}

void note_end(Resource& schedule, const ScheduleRun& run) {
  schedule.status["last_run"] = format_rfc3339(run.scheduled);
  schedule.status["last_run_state"] = run.state;
  if (run.reason.empty()) {
    schedule.status.erase("last_run_reason");
  } else {
    schedule.status["last_run_reason"] = run.reason;
  }
}

std::vector<MetricRow> metric_rows(const ScheduleRun& run, const MonitorOutcome& outcome) {
  std::vector<MetricRow> rows;
  for (const auto& signal : outcome.signals) {
    for (const auto& feature : signal.features) {
      for (const auto& metric : feature.metrics) {
        rows.push_back({run.workspace, run.schedule_uid, run.id, run.scheduled, signal.name, feature.feature,
                        std::string(signals::name_of(metric.rule.metric)), metric.score.value, metric.rule.threshold,
                        metric.breached});
      }
    }
  }
  return rows;
}

}  // namespace

Result<std::optional<milliseconds>> ScheduleController::reconcile(const ResourceKey& key) {
  const auto& parts = parts_.service.parts();
  CICLO_TRY(const auto schedule,
            parts.database.read([&](sql::Session& session) { return parts.store.find(session, key); }));
  if (!schedule || schedule->archived) return std::nullopt;
  CICLO_TRY(const ScheduleTrigger trigger, trigger_of(*schedule));
  if (is_enabled(*schedule)) CICLO_CHECK(note_due(*schedule, trigger));
  CICLO_TRY(auto pending,
            parts.database.read([&](sql::Session& session) { return store_.pending(session, schedule->uid); }));
  for (auto& run : pending) CICLO_CHECK(do_run(*schedule, trigger, std::move(run)));
  if (!is_enabled(*schedule)) return std::nullopt;
  const TimePoint now = parts.clock.now();
  const auto next = next_after(trigger, now);
  if (!next) return std::nullopt;
  return std::clamp(milliseconds(*next - now), milliseconds(1), kLongestWait);
}

Result<void> ScheduleController::note_due(const Resource& schedule, const ScheduleTrigger& trigger) {
  const auto& parts = parts_.service.parts();
  const TimePoint now = parts.clock.now();
  const auto enabled = parse_rfc3339(text_or(schedule.status, "enabled_since")).value_or(schedule.created_at);
  const auto last = parse_rfc3339(text_or(schedule.status, "last_scheduled")).value_or(TimePoint{});
  // A plain recurrence fires the moment it is made; what has set hours waits for them.
  const auto* recurrence = std::get_if<Recurrence>(&trigger.when);
  const bool at_once = recurrence != nullptr && !recurrence->pattern;
  const auto due = last_until(trigger, std::max(last, enabled - Milliseconds(at_once ? 1 : 0)), now);
  if (!due) return {};
  ScheduleRun run;
  run.workspace = schedule.key.workspace;
  run.schedule_uid = schedule.uid;
  run.schedule = schedule.key.name;
  run.scheduled = *due;
  const auto next = next_after(trigger, now);
  return parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(store_.insert(session, run));
    const auto mutate = [&](Resource& resource) {
      resource.status["last_scheduled"] = format_rfc3339(*due);
      resource.status["next_run"] = next ? Json(format_rfc3339(*next)) : Json(nullptr);
      return true;
    };
    CICLO_CHECK(parts_.service.change_status_in(session, schedule.key, mutate, {}));
    return {};
  });
}

Result<void> ScheduleController::do_run(const Resource& schedule, const ScheduleTrigger& trigger, ScheduleRun run) {
  const auto done = is_monitor(schedule) ? run_monitor(schedule, trigger, run) : create_job(schedule, run);
  if (done) return {};
  if (!is_final(done.error().code)) return done;
  return fail_run(schedule, run, done.error());
}

Result<void> ScheduleController::create_job(const Resource& schedule, ScheduleRun& run) {
  const auto& parts = parts_.service.parts();
  run.finished = parts.clock.now();
  return parts.database.write([&](sql::Session& session) -> Result<void> {
    const Json& wanted = member(schedule.spec, "create_job");
    const bool nested = wanted.is_object() && wanted.contains("job");
    const outer_loop::JobSource source{session, parts.store, schedule.key.workspace, schedule.key.name};
    CICLO_TRY(Json document, outer_loop::job_document(source, nested ? member(wanted, "job") : wanted));
    if (nested) {
      Json overrides = wanted;
      overrides.erase("job");
      outer_loop::override_job(document, overrides);
    }
    document["name"] = job_name_of(run);
    CICLO_TRY(const Resource job, parts_.service.create_in(session, outer_loop::owner_of(schedule),
                                                           {.workspace = schedule.key.workspace,
                                                            .kind = "job",
                                                            .parent = {},
                                                            .document = std::move(document),
                                                            .owner = {},
                                                            .links = {}}));
    run.state = "completed";
    run.result = {{"job", job.key.name}};
    CICLO_TRY(const bool was_pending, store_.finish(session, run));
    if (!was_pending) return fail(ErrorCode::conflict, "the run was done meanwhile");
    const auto mutate = [&](Resource& resource) {
      note_end(resource, run);
      resource.status["last_job"] = job.key.name;
      return true;
    };
    CICLO_CHECK(parts_.service.change_status_in(session, schedule.key, mutate,
                                                {.event = "fired",
                                                 .event_data = {{"job", job.key.name}, {"run", run.id}},
                                                 .links = {{schedule.key.path(), job.key.path(), "triggered_by"}}}));
    return {};
  });
}

Result<void> ScheduleController::run_monitor(const Resource& schedule, const ScheduleTrigger& trigger,
                                             ScheduleRun& run) {
  const auto& parts = parts_.service.parts();
  const resources::Caller owner = outer_loop::owner_of(schedule);
  CICLO_CHECK(resources::require(parts.access, owner, "storage/read", schedule.key.workspace));
  CICLO_TRY(const MonitorDefinition definition, parse_monitor(member(schedule.spec, "create_monitor")));
  CICLO_TRY(const MonitorOutcome outcome,
            parts_.runner.run(
                {schedule.key.workspace, owner, definition, {run.scheduled, interval_at(trigger, run.scheduled)}}));
  run.state = "completed";
  run.finished = parts.clock.now();
  run.result = outcome.to_json();
  CICLO_CHECK(
      parts.database.write([&](sql::Session& session) { return write_monitor(session, schedule, run, outcome); }));
  parts_.logger.info(
      "monitor", "completed",
      {{"workspace", schedule.key.workspace}, {"monitor", schedule.key.name}, {"breached", outcome.breached()}});
  return {};
}

Result<void> ScheduleController::write_monitor(sql::Session& session, const Resource& schedule, const ScheduleRun& run,
                                               const MonitorOutcome& outcome) {
  CICLO_TRY(const bool was_pending, store_.finish(session, run));
  if (!was_pending) return {};
  CICLO_CHECK(store_.add_metrics(session, metric_rows(run, outcome)));
  const auto mutate = [&](Resource& resource) {
    note_end(resource, run);
    resource.status["last_run_breached"] = outcome.breached();
    return true;
  };
  CICLO_CHECK(parts_.service.change_status_in(session, schedule.key, mutate, {}));
  Json states = Json::object();
  for (const auto& signal : outcome.signals)
    states[signal.name] = at_pointer(run.result, "/signals/" + escape_pointer_token(signal.name) + "/state");
  const Json& target = member(member(schedule.spec, "create_monitor"), "monitoring_target");
  const Json about = {
      {"monitor", schedule.key.name}, {"run", run.id}, {"target", text_or(target, "endpoint_deployment_id")}};
  Json completed = about;
  completed["scheduled_time"] = format_rfc3339(run.scheduled);
  completed["breached"] = outcome.breached();
  completed["signals"] = states;
  CICLO_CHECK(announce(session, schedule, "ciclo.monitor.completed", completed));
  for (const auto& signal : outcome.signals) {
    if (!signal.alert_enabled) continue;
    for (const auto& feature : signal.features) {
      for (const auto& metric : feature.metrics) {
        if (!metric.breached) continue;
        Json alert = about;
        alert["signal"] = signal.name;
        alert["signal_type"] = name_of(signal.type);
        alert["feature"] = feature.feature;
        alert["metric"] = signals::name_of(metric.rule.metric);
        alert["value"] = *metric.score.value;
        alert["threshold"] = metric.rule.threshold;
        alert["message"] = metric.explanation;
        CICLO_CHECK(announce(session, schedule, "ciclo.monitor.alert", alert));
      }
    }
  }
  return {};
}

Result<void> ScheduleController::fail_run(const Resource& schedule, ScheduleRun& run, const Error& error) {
  const auto& parts = parts_.service.parts();
  run.state = "failed";
  run.reason = error.text();
  run.finished = parts.clock.now();
  run.result = Json::object();
  parts_.logger.warning(
      "schedule", "run failed",
      {{"workspace", schedule.key.workspace}, {"schedule", schedule.key.name}, {"reason", run.reason}});
  return parts.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const bool was_pending, store_.finish(session, run));
    if (!was_pending) return {};
    const auto mutate = [&](Resource& resource) {
      note_end(resource, run);
      return true;
    };
    CICLO_CHECK(parts_.service.change_status_in(session, schedule.key, mutate, {}));
    return announce(session, schedule, is_monitor(schedule) ? "ciclo.monitor.failed" : "ciclo.schedule.failed",
                    {{"name", schedule.key.name}, {"run", run.id}, {"reason", run.reason}});
  });
}

Result<void> ScheduleController::announce(sql::Session& session, const Resource& schedule, std::string_view type,
                                          Json data) {
  events::Event event;
  event.type = type;
  event.workspace = schedule.key.workspace;
  event.source = "/workspaces/" + event.workspace;
  event.subject = schedule.key.subject();
  event.actor = "system";
  event.data = std::move(data);
  CICLO_CHECK(parts_.service.parts().events.append(session, std::move(event)));
  return {};
}

}  // namespace ciclo::monitoring
