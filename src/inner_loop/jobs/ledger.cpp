#include "inner_loop/jobs/ledger.hpp"

#include <fmt/format.h>

#include <utility>

namespace ciclo::inner_loop {
namespace {

tracking::RunStatus run_status_of(JobStatus status) {
  switch (status) {
    case JobStatus::not_started:
    case JobStatus::queued: return tracking::RunStatus::scheduled;
    case JobStatus::completed: return tracking::RunStatus::finished;
    case JobStatus::failed: return tracking::RunStatus::failed;
    case JobStatus::canceled: return tracking::RunStatus::killed;
    default: return tracking::RunStatus::running;
  }
}

// The last word of the event's type.
std::string event_of(JobStatus status) {
  switch (status) {
    case JobStatus::cancel_requested: return "cancel_requested";
    case JobStatus::not_started: return "created";
    default: break;
  }
  std::string name(name_of(status));
  name[0] = static_cast<char>(name[0] - 'A' + 'a');
  return name;
}

}  // namespace

Json job_error(const Error& error) {
  Json json{{"code", name_of(error.code)}, {"message", error.message}};
  if (!error.target.empty()) json["target"] = error.target;
  if (!error.hint.empty()) json["hint"] = error.hint;
  return json;
}

Result<void> create_run(sql::Session& session, const resources::Resource& job, const std::string& user, TimePoint now) {
  tracking::NewRun run;
  run.workspace = job.key.workspace;
  run.run_id = job.key.name;
  run.experiment_name = text_or(job.spec, "experiment_name");
  run.name = text_or(job.spec, "display_name", job.key.name);
  run.user = user;
  run.parent_run_id = job.owner;
  run.status = tracking::RunStatus::scheduled;
  run.start_time = to_unix_ms(now);
  run.is_managed = true;
  run.tags = {{"mlflow.user", user},
              {"mlflow.source.type", "JOB"},
              {"mlflow.source.name", text_or(job.spec, "component", job.key.name)}};
  for (const auto& [key, value] : job.tags.items())
    if (value.is_string()) run.tags.push_back({key, value.get<std::string>()});
  CICLO_CHECK(tracking::RunStore().create_run_in(session, std::move(run)));
  return {};
}

Result<std::optional<resources::Resource>> JobLedger::move_in(sql::Session& session, const resources::ResourceKey& key,
                                                              const JobChange& change) const {
  const TimePoint now = service_.parts().clock.now();
  bool moved = false;
  JobStatus before = JobStatus::not_started;
  resources::StatusChange announced;
  announced.event = event_of(change.to);
  announced.links = change.links;
  auto changed = service_.change_status_in(
      session, key,
      [&](resources::Resource& job) {
        before = status_of(job.status);
        moved = may_follow(before, change.to);
        if (!moved) return false;
        merge_patch(job.status, change.patch);
        job.status["status"] = name_of(change.to);
        if (change.to == JobStatus::running && !job.status.contains("start_time"))
          job.status["start_time"] = format_rfc3339(now);
        if (has_ended(change.to)) job.status["end_time"] = format_rfc3339(now);
        return true;
      },
      announced);
  if (!changed) return std::unexpected(std::move(changed).error());
  if (!moved) return std::nullopt;
  const auto run_status = run_status_of(change.to);
  if (run_status != run_status_of(before)) {
    const std::optional<std::int64_t> end = has_ended(change.to) ? std::optional(to_unix_ms(now)) : std::nullopt;
    CICLO_CHECK(tracking::RunStore().set_status_in(session, {key.workspace, key.name}, run_status, end));
  }
  return std::optional(*std::move(changed));
}

Result<std::optional<resources::Resource>> JobLedger::move(const resources::ResourceKey& key,
                                                           const JobChange& change) const {
  return service_.parts().database.write([&](sql::Session& session) { return move_in(session, key, change); });
}

Result<std::optional<resources::Resource>> JobLedger::fail_in(sql::Session& session, const resources::ResourceKey& key,
                                                              const Error& error) const {
  return move_in(session, key, {JobStatus::failed, Json{{"error", job_error(error)}}, {}});
}

Result<resources::Resource> JobLedger::request_cancel_in(sql::Session& session,
                                                         const resources::ResourceKey& key) const {
  CICLO_TRY(const resources::Resource job, service_.parts().store.get(session, key));
  const JobStatus to = has_not_begun(status_of(job.status)) && text_or(job.spec, "type") != "pipeline"
                           ? JobStatus::canceled
                           : JobStatus::cancel_requested;
  CICLO_TRY(auto moved, move_in(session, key, {to, Json::object(), {}}));
  return moved ? *std::move(moved) : job;
}

Result<void> JobLedger::note_in(sql::Session& session, const resources::ResourceKey& key, const Json& patch) const {
  CICLO_CHECK(service_.change_status_in(session, key,
                                        [&](resources::Resource& job) {
                                          merge_patch(job.status, patch);
                                          return true;
                                        },
                                        {}));
  return {};
}

}  // namespace ciclo::inner_loop
