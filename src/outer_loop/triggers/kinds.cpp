#include "outer_loop/triggers/kinds.hpp"

#include "outer_loop/triggers/types.hpp"
#include "schemas.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::CheckContext;
using resources::Draft;

// What the action needs in the trigger's own workspace.
std::string_view need_of(ActionKind action) {
  switch (action) {
    case ActionKind::create_job: return "workspace/write";
    case ActionKind::update_traffic: return "workspace/endpoints/write";
    case ActionKind::promote:
    case ActionKind::webhook:
    case ActionKind::notify: break;
  }
  return "automation/write";
}

Result<void> check_trigger(const CheckContext& context, Draft& draft) {
  resources::Resource& trigger = draft.resource;
  CICLO_TRY(const TriggerDefinition definition, parse_trigger_definition(trigger));
  auto readable = resources::require(context.access, context.caller, "logs/read", definition.source_workspace);
  if (!readable) {
    return fail(readable.error().code, readable.error().message, "/source_workspace", readable.error().hint);
  }
  CICLO_CHECK(resources::require(context.access, context.caller, need_of(definition.action), trigger.key.workspace));
  remember_owner(draft, context.caller);
  const bool was_on = draft.before != nullptr && member(draft.before->spec, "enabled") != Json(false);
  // What happened while it was off or suspended is not made up for.
  if (!was_on || text_or(trigger.status, "state") != "Active" || !trigger.status.contains("enabled_since")) {
    trigger.status["enabled_since"] = format_rfc3339(context.now);
  }
  trigger.status["provisioning_state"] = "Succeeded";
  trigger.status["state"] = definition.enabled ? "Active" : "Disabled";
  trigger.status.erase("reason");
  return {};
}

}  // namespace

resources::Caller owner_of(const resources::Resource& resource) {
  const Json& owner = member(resource.status, "owner");
  if (owner.is_object()) return resources::recall(owner);
  resources::Caller caller;  // as a server wrote it down that knew of no other limits
  caller.principal = text_or(resource.status, "owner");
  caller.only_workspace = text_or(resource.status, "owner_workspace");
  return caller;
}

void remember_owner(Draft& draft, const resources::Caller& caller) {
  draft.resource.status["owner"] = resources::remember(caller);
  draft.resource.status.erase("owner_workspace");
}

resources::Kind trigger_kind() {
  resources::Kind kind;
  kind.name = "trigger";
  kind.plural = "triggers";
  kind.title = "trigger";
  kind.component = "automation";
  kind.schema = schemas::trigger;
  kind.local_fields = {{"/action/create_job/job", resources::LocalField::inline_resource, "job"}};
  kind.columns = {{"NAME", "name"},
                  {"EVENT", "on.event"},
                  {"ACTION", "keys(action) | [0]"},
                  {"STATE", "state"},
                  {"LAST FIRED", "last_fired"}};
  kind.check = check_trigger;
  return kind;
}

}  // namespace ciclo::outer_loop
