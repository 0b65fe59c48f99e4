#include "administration/access/persona.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/access/actions.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view persona_origin = "persona";

// Columns: workspace, secrets, images, storage, automation, packages, logs, monitor.
// The tables of the article on MLOps v2 that the product implements; docs/access.md shows them.
constexpr std::array<Persona, 12> table = {{
    {"data-scientist",
     "Data scientist (and ML engineer)",
     "data-scientists",
     true,
     false,
     false,
     {"", "", "R", "", "", "", "LAR", "MR"},
     {"ADS", "R, KVA", "C", "C", "C", "C", "LAC", "MC"}},
    {"data-analyst",
     "Data analyst",
     "data-analysts",
     true,
     false,
     false,
     {"", "", "", "", "", "", "", ""},
     {"R", "", "", "C", "", "", "LAR", "MC"}},
    {"model-tester",
     "Model tester",
     "model-testers",
     true,
     false,
     false,
     {"", "", "", "", "", "", "", ""},
     {"R", "R, KVR", "R", "R", "R", "R", "LAR", "MR"}},
    {"business-stakeholder",
     "Business stakeholder",
     "business-stakeholders",
     true,
     false,
     false,
     {"", "", "", "", "", "", "", "MR"},
     {"R", "", "R", "R", "R", "R", "", ""}},
    {"project-lead",
     "Project lead (data science lead)",
     "project-leads",
     true,
     false,
     false,
     {"R", "R, KVR", "R", "", "", "", "LAR", "MR"},
     {"C", "C, KVA", "C", "C", "C", "C", "LAC", "MC"}},
    {"product-owner",
     "Project / product owner",
     "product-owners",
     true,
     false,
     false,
     {"", "", "", "", "", "", "", "MR"},
     {"R", "", "", "R", "", "", "", "MR"}},
    {"platform-support",
     "Platform technical support",
     "platform-technical-support",
     false,
     false,
     true,
     {"O", "O, KVA", "", "", "DOPCA", "O", "O", "O"},
     {"O", "O, KVA", "O", "O", "DOPCA", "O", "O", "O"}},
    {"model-end-user",
     "Model end user",
     "model-end-users",
     true,
     false,
     false,
     {"", "", "", "", "", "", "", ""},
     {"", "", "", "", "", "", "", ""}},
    {"ci-cd",
     "CI/CD processes",
     "ci-cd-processes",
     false,
     true,
     false,
     {"O", "O, KVA", "AcrPush", "", "DOPCA", "O", "O", "O"},
     {"O", "O, KVA", "AcrPush", "O", "DOPCA", "O", "O", "O"}},
    {"workspace",
     "Workspace (managed identity)",
     "workspace-identities",
     false,
     true,
     false,
     {"", "R", "C", "C", "", "", "", ""},
     {"", "R, KVR", "C", "C", "", "", "", ""}},
    {"monitoring",
     "Monitoring processes",
     "monitoring-processes",
     false,
     true,
     false,
     {"R", "", "", "", "", "", "LAR", "MR"},
     {"R", "R", "R", "R", "R", "R", "LAC", ""}},
    {"data-governance",
     "Data governance processes",
     "data-governance-processes",
     false,
     true,
     false,
     {"R", "", "R", "R", "R", "R", "", ""},
     {"R", "", "R", "R", "", "", "", ""}},
}};

Result<void> ensure_group(sql::Session& session, AccessService& access, const Persona& persona, const Group& group) {
  CICLO_TRY(const auto there, access.store().find_group(session, group.name));
  if (!there) return access.store().put_group(session, group);
  if (there->persona == persona.name) return {};
  return fail(ErrorCode::conflict, fmt::format("there is already a group '{}' that is no persona's", group.name),
              "/personas", "rename that group, or create the workspace without personas");
}

// How the same role was activated until now, so that a table that is made anew does not drop an approval.
ActivationRules rules_before(const std::vector<Assignment>& before, const Assignment& assignment,
                             std::string_view role) {
  const auto found = std::ranges::find_if(before, [&](const Assignment& old) {
    return old.mode == AssignmentMode::eligible && old.principal == assignment.principal && old.role == role &&
           old.scope == assignment.scope;
  });
  return found == before.end() ? ActivationRules{} : found->rules;
}

struct Row {
  const Persona& persona;
  Environment environment;
};

Result<void> assign_row(sql::Session& session, AccessService& access, const Row& row, Assignment assignment,
                        const std::vector<Assignment>& before) {
  const auto& cells = row.persona.roles(row.environment);
  for (std::size_t column = 0; column < components.size(); ++column) {
    assignment.scope.component = components[column];
    for (const std::string& role : roles_in_cell(cells[column])) {
      assignment.role = find_built_in(role)->name;
      assignment.id.clear();
      assignment.rules = rules_before(before, assignment, assignment.role);
      CICLO_CHECK(access.assign_in(session, assignment));
    }
  }
  return {};
}

}  // namespace

Environment environment_named(std::string_view name) {
  return name == "production" ? Environment::production : Environment::pre_production;
}

std::string Persona::group_in(const std::string& workspace) const {
  return is_of_project ? fmt::format("{}-{}", workspace, group) : std::string(group);
}

const std::array<Persona, 12>& personas() {
  return table;
}

std::vector<std::string> roles_in_cell(std::string_view cell) {
  std::vector<std::string> roles;
  for (const std::string& part : split(cell, ','))
    if (const auto name = trim(part); !name.empty()) roles.emplace_back(name);
  return roles;
}

Result<void> apply_personas(sql::Session& session, AccessService& access, const std::string& workspace,
                            Environment environment, const std::string& by) {
  CICLO_TRY(const auto before, access.store().list_in(session, workspace));
  CICLO_CHECK(withdraw_personas(session, access, workspace));
  for (const Persona& persona : personas()) {
    const Group group{.name = persona.group_in(workspace),
                      .display_name = std::string(persona.title),
                      .description = persona.is_of_project ? fmt::format("Persona of workspace '{}'", workspace)
                                                           : std::string("Persona of the platform, in all workspaces"),
                      .level = persona.is_of_project ? GroupLevel::workspace : GroupLevel::organisation,
                      .unit = persona.is_of_project ? workspace : std::string(),
                      .persona = std::string(persona.name),
                      .external_names = {},
                      .created_by = by,
                      .created_at = access.clock().now()};
    CICLO_CHECK(ensure_group(session, access, persona, group));
    const Assignment assignment{
        .principal = group_id(group.name),
        .scope = {.workspace = workspace, .component = {}, .resource = {}},
        .mode = persona.is_eligible ? AssignmentMode::eligible : AssignmentMode::active,
        .origin = std::string(persona_origin),
        .created_by = by,
    };
    CICLO_CHECK(assign_row(session, access, {persona, environment}, assignment, before));
  }
  CICLO_CHECK(access.store().add_member(session, {.group = group_id("workspace-identities"),
                                                  .member = workspace_identity(workspace),
                                                  .only_workspace = workspace,
                                                  .source = "local",
                                                  .added_by = by,
                                                  .added_at = access.clock().now()}));
  access.reload_after_commit(session);
  return {};
}

Result<void> withdraw_personas(sql::Session& session, AccessService& access, const std::string& workspace) {
  CICLO_CHECK(access.store().erase_origin(session, workspace, std::string(persona_origin)));
  access.reload_after_commit(session);
  return {};
}

std::string workspace_identity(std::string_view workspace) {
  return fmt::format("workspace/{}", workspace);
}

}  // namespace ciclo::administration
