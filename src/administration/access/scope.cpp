#include "administration/access/scope.hpp"

#include <fmt/format.h>

#include "administration/access/actions.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view workspaces = "/workspaces/";
constexpr std::string_view component_part = "components/";

Failure no_scope(std::string_view text) {
  return fail(ErrorCode::invalid, fmt::format("'{}' is no scope", text.substr(0, 200)), "/scope",
              "write /, /workspaces/<name>, /workspaces/<name>/components/<component> or "
              "/workspaces/<name>/<kind>/<resource>");
}

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

Result<Scope> parse_scope(std::string_view text) {
  if (text == "/") return Scope{};
  if (!text.starts_with(workspaces)) return no_scope(text);
  const std::string_view rest = text.substr(workspaces.size());
  const std::size_t slash = rest.find('/');
  Scope scope{.workspace = std::string(rest.substr(0, slash)), .component = {}, .resource = {}};
  if (scope.workspace.empty()) return no_scope(text);
  if (slash == std::string_view::npos) return scope;
  const std::string_view inside = rest.substr(slash + 1);
  if (inside.starts_with(component_part)) {
    scope.component = inside.substr(component_part.size());
    if (!is_component(scope.component)) return no_scope(text);
    return scope;
  }
  const std::size_t end_of_kind = inside.find('/');
  if (end_of_kind == std::string_view::npos || end_of_kind == 0 || end_of_kind + 1 == inside.size())
    return no_scope(text);
  scope.resource = inside;
  return scope;
}

}  // namespace ciclo::administration
