#include "administration/access/matrix.hpp"

#include <algorithm>

#include "administration/access/actions.hpp"

namespace ciclo::administration {
namespace {

std::string shown(const RoleDefinition& role) {
  return role.short_name.empty() ? role.name : role.short_name;
}

void add_roles(std::vector<std::string>& roles, const std::vector<Grant>& grants, const Scope& cell) {
  for (const Grant& grant : grants) {
    const Scope& scope = grant.assignment->scope;
    const bool is_here = scope.resource.empty() && (scope.workspace.empty() || scope.workspace == cell.workspace) &&
                         (scope.component.empty() || scope.component == cell.component);
    const bool is_limited = !grant.only_workspace.empty() && grant.only_workspace != cell.workspace;
    const std::string name = shown(*grant.role);
    if (is_here && !is_limited && std::ranges::find(roles, name) == roles.end()) roles.push_back(name);
  }
}

// In the order of the table; what the table does not have comes last.
void sort_as(std::vector<std::string>& roles, const std::vector<std::string>& table) {
  std::ranges::sort(roles);
  std::ranges::stable_sort(roles, {},
                           [&](const std::string& role) { return std::ranges::find(table, role) - table.begin(); });
}

}  // namespace

Json access_matrix(const AccessSnapshot& snapshot, const std::string& workspace, Environment environment) {
  Json rows = Json::array();
  for (const Persona& persona : personas()) {
    const std::string group = persona.group_in(workspace);
    const auto active = snapshot.grants_of(group_id(group));
    const auto eligible = snapshot.eligible_of(group_id(group));
    Json cells = Json::array();
    for (std::size_t column = 0; column < components.size(); ++column) {
      const Scope cell{.workspace = workspace, .component = std::string(components[column]), .resource = {}};
      const auto table = roles_in_cell(persona.roles(environment)[column]);
      std::vector<std::string> roles;
      add_roles(roles, active, cell);
      add_roles(roles, eligible, cell);
      sort_as(roles, table);
      cells.push_back({{"component", cell.component}, {"roles", roles}, {"table", table}, {"differs", roles != table}});
    }
    rows.push_back({{"persona", persona.name},
                    {"title", persona.title},
                    {"group", group},
                    {"eligible", persona.is_eligible},
                    {"cells", std::move(cells)}});
  }
  return {{"workspace", workspace},
          {"environment", environment == Environment::production ? "production" : "pre-production"},
          {"components", components},
          {"rows", std::move(rows)}};
}

}  // namespace ciclo::administration
