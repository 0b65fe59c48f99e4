// What the service tells of changes: events and audit rows.
#include <fmt/format.h>

#include "resources/service.hpp"

namespace ciclo::resources {

Json changed_tags(const Json& before, const Json& after) {
  Json changed = Json::object();
  for (const auto& [key, value] : before.items())
    if (!after.contains(key)) changed[key] = nullptr;
  for (const auto& [key, value] : after.items())
    if (member(before, key) != value) changed[key] = value;
  return changed;
}

Result<void> ResourceService::announce(sql::Session& session, const Kind& kind, const Resource& resource,
                                       std::string_view what, const std::string& actor, const Json& data) {
  events::Event event;
  event.type = fmt::format("ciclo.{}.{}", kind.name, what);
  event.workspace = resource.key.workspace;
  event.source = event.workspace.empty() ? "/" : "/workspaces/" + event.workspace;
  event.subject = resource.key.subject();
  event.actor = actor;
  event.data = {{"kind", kind.name}, {"name", resource.key.name}};
  if (!resource.key.version.empty()) event.data["version"] = resource.key.version;
  if (!resource.key.parent.empty()) event.data["parent"] = resource.key.parent;
  if (!resource.owner.empty()) event.data["owner"] = resource.owner;
  event.data["status"] = resource.status;
  event.data["tags"] = resource.tags;
  if (kind.event_data) event.data.update(kind.event_data(resource));
  for (const auto& [key, value] : data.items()) event.data[key] = value;
  CICLO_CHECK(parts_.events.append(session, std::move(event)));
  return {};
}

Result<void> ResourceService::record_in(sql::Session& session, const AuditEntry& entry, events::Event event) {
  CICLO_CHECK(parts_.events.append(session, std::move(event)));
  return parts_.audit.record(session, entry);
}

}  // namespace ciclo::resources
