#include "monitoring/kinds.hpp"

#include "monitoring/definition.hpp"
#include "outer_loop/triggers/kinds.hpp"
#include "resources/reference.hpp"
#include "schemas.hpp"

namespace ciclo::monitoring {
namespace {

using resources::CheckContext;
using resources::Draft;
using resources::Resource;

Result<void> check_job_reference(const Json& create_job) {
  const bool nested = create_job.is_object() && create_job.contains("job");
  const Json& job = nested ? member(create_job, "job") : create_job;
  if (!job.is_string()) return {};
  const auto reference = resources::parse_reference(job.get<std::string>());
  if (reference) return {};
  return fail(ErrorCode::invalid, reference.error().message, nested ? "/create_job/job" : "/create_job",
              "write azureml:<job>, or the job's YAML");
}

Result<void> normalise(Draft& draft) {
  Json& spec = draft.resource.spec;
  if (!spec.contains("is_enabled")) spec["is_enabled"] = true;
  if (!spec.contains("display_name")) spec["display_name"] = draft.resource.key.name;
  return {};
}

Result<void> check_schedule(const CheckContext& context, Draft& draft) {
  Resource& schedule = draft.resource;
  const TimePoint created = draft.before != nullptr ? draft.before->created_at : context.now;
  CICLO_TRY(const ScheduleTrigger trigger, parse_trigger(member(schedule.spec, "trigger"), created));
  const std::string& workspace = schedule.key.workspace;
  if (schedule.spec.contains("create_monitor")) {
    CICLO_TRY(const MonitorDefinition monitor, parse_monitor(member(schedule.spec, "create_monitor")));
    schedule.status["warnings"] = monitor.warnings();
    CICLO_CHECK(resources::require(context.access, context.caller, "storage/read", workspace));
  } else {
    CICLO_CHECK(check_job_reference(member(schedule.spec, "create_job")));
    CICLO_CHECK(resources::require(context.access, context.caller, "workspace/write", workspace));
  }
  outer_loop::remember_owner(draft, context.caller);
  const bool was_on = draft.before != nullptr && is_enabled(*draft.before);
  if (!was_on || !schedule.status.contains("enabled_since")) {
    schedule.status["enabled_since"] = format_rfc3339(context.now);
  }
  schedule.status["provisioning_state"] = "Succeeded";
  const auto next = next_after(trigger, context.now);
  schedule.status["next_run"] = next && is_enabled(schedule) ? Json(format_rfc3339(*next)) : Json(nullptr);
  return {};
}

}  // namespace

bool is_enabled(const Resource& schedule) {
  return member(schedule.spec, "is_enabled") != Json(false);
}

Result<ScheduleTrigger> trigger_of(const Resource& schedule) {
  return parse_trigger(member(schedule.spec, "trigger"), schedule.created_at);
}

Milliseconds interval_at(const ScheduleTrigger& trigger, TimePoint time) {
  const auto first = next_after(trigger, time);
  const auto second = first ? next_after(trigger, *first) : std::nullopt;
  return second ? *second - *first : Milliseconds(std::chrono::days(1));
}

resources::Kind schedule_kind() {
  resources::Kind kind;
  kind.name = "schedule";
  kind.plural = "schedules";
  kind.title = "schedule";
  kind.component = "monitor";
  kind.schema = schemas::schedule;
  kind.local_fields = {{"/create_job", resources::LocalField::inline_resource, "job"},
                       {"/create_job/job", resources::LocalField::inline_resource, "job"}};
  kind.columns = {{"NAME", "name"},         {"ENABLED", "is_enabled"}, {"TRIGGER", "trigger.type"},
                  {"NEXT RUN", "next_run"}, {"LAST RUN", "last_run"},  {"LAST STATE", "last_run_state"}};
  kind.normalise = normalise;
  kind.check = check_schedule;
  return kind;
}

}  // namespace ciclo::monitoring
