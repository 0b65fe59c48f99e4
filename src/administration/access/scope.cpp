#include "administration/access/scope.hpp"

#include <fmt/format.h>

#include "administration/access/actions.hpp"

namespace ciclo::administration {
namespace {

// A resource, or one version of it.
bool is_within(std::string_view resource, std::string_view granted) {
  return resource.starts_with(granted) && (resource.size() == granted.size() || resource[granted.size()] == ':');
}

}  // namespace

std::string Scope::text() const {
  if (workspace.empty()) return component.empty() ? "/" : fmt::format("/components/{}", component);
  if (!component.empty()) return fmt::format("/workspaces/{}/components/{}", workspace, component);
  if (!resource.empty()) return fmt::format("/workspaces/{}/{}", workspace, resource);
  return fmt::format("/workspaces/{}", workspace);
}

std::string Scope::sentence() const {
  const std::string home = workspace.empty() ? "the organisation" : fmt::format("workspace '{}'", workspace);
  if (component == "workspace") return home + " itself";
  if (!component.empty()) return fmt::format("{} in {}", component, home);
  return resource.empty() ? home : fmt::format("{} in {}", resource, home);
}

bool Scope::covers(const resources::Place& place, std::string_view action) const {
  if (!workspace.empty() && workspace != place.workspace) return false;
  if (!component.empty() && component != component_of(action)) return false;
  return resource.empty() || is_within(place.resource, resource);
}

}  // namespace ciclo::administration
