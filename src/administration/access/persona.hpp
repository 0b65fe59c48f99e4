// The twelve personas and the two access tables: what each may do in production and in pre-production workspaces.
//
// Personas are groups. Those of a project (data scientists, testers …) are made for each workspace; those of the
// platform (technical support, CI/CD, monitoring, governance, workspace identities) exist once, and a membership of
// theirs can be limited to one workspace.
//
// Thread safety: the tables are constant; applying works in the session it is handed.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "administration/access/access.hpp"

namespace ciclo::administration {

enum class Environment : std::uint8_t { production, pre_production };
Environment environment_named(std::string_view name);  // "production"; anything else is pre-production

struct Persona {
  std::string_view name;      // "data-scientist"
  std::string_view title;     // "Data scientist (and ML engineer)"
  std::string_view group;     // "data-scientists": the group's name, after "<workspace>-" for those of a project
  bool is_of_project = true;  // else of the platform
  bool is_process = false;    // services rather than people
  bool is_eligible = false;   // roles are activated for a limited time
  // Roles by component (order of `components`), as short names: "R, KVR"; empty: none.
  std::array<std::string_view, 8> production;
  std::array<std::string_view, 8> pre_production;

  const std::array<std::string_view, 8>& roles(Environment environment) const {
    return environment == Environment::production ? production : pre_production;
  }
  std::string group_in(const std::string& workspace) const;
};

const std::array<Persona, 12>& personas();
// The short names in a cell: "R, KVR" → {"R", "KVR"}.
std::vector<std::string> roles_in_cell(std::string_view cell);

// Makes the persona groups that are missing and the assignments of the table of this environment; those that an earlier
// call made are replaced. Assignments that somebody gave stay as they are.
Result<void> apply_personas(sql::Session& session, AccessService& access, const std::string& workspace,
                            Environment environment, const std::string& by);
// Takes the assignments away again; groups and members stay.
Result<void> withdraw_personas(sql::Session& session, AccessService& access, const std::string& workspace);

// The managed identity of a workspace, as a principal: "workspace/dev".
std::string workspace_identity(std::string_view workspace);

}  // namespace ciclo::administration
