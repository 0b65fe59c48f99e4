#include "administration/access/store.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> access_migrations() {
  // Roles of the organisation used to hold for what lies above workspaces alone; now they would reach into every
  // workspace, so they become roles that do not.
  static constexpr std::string_view first = R"(
CREATE TABLE access_assignments (
  id TEXT PRIMARY KEY,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  workspace TEXT NOT NULL,
  component TEXT NOT NULL,
  resource TEXT NOT NULL,
  mode TEXT NOT NULL,
  longest_s BIGINT NOT NULL,
  needs_approval BIGINT NOT NULL,
  approver TEXT NOT NULL,
  origin TEXT NOT NULL,
  expires_ms BIGINT,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  UNIQUE (principal, role, workspace, component, resource, mode)
);
CREATE INDEX access_assignments_by_workspace ON access_assignments (workspace);
CREATE TABLE access_groups (
  name TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  level TEXT NOT NULL,
  unit TEXT NOT NULL,
  persona TEXT NOT NULL,
  external_names TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE TABLE access_members (
  group_name TEXT NOT NULL,
  member TEXT NOT NULL,
  only_workspace TEXT NOT NULL,
  source TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_ms BIGINT NOT NULL,
  PRIMARY KEY (group_name, member, only_workspace, source)
){{clustered}};
CREATE INDEX access_members_by_member ON access_members (member);
CREATE TABLE access_activations (
  id TEXT PRIMARY KEY,
  assignment_id TEXT NOT NULL,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  workspace TEXT NOT NULL,
  component TEXT NOT NULL,
  resource TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  duration_s BIGINT NOT NULL,
  requested_ms BIGINT NOT NULL,
  starts_ms BIGINT,
  ends_ms BIGINT,
  decided_by TEXT NOT NULL,
  comment TEXT NOT NULL
);
CREATE INDEX access_activations_by_workspace ON access_activations (workspace, requested_ms);
CREATE INDEX access_activations_by_state ON access_activations (state);
INSERT INTO access_assignments (id, principal, role, workspace, component, resource, mode, longest_s, needs_approval,
  approver, origin, expires_ms, created_by, created_ms)
SELECT 'first-' || workspace || '-' || principal || '-' || role, principal,
  CASE WHEN workspace = '' AND role <> 'administrator' THEN 'organisation-' || role ELSE role END,
  workspace, '', '', 'active', 0, 0, '', '', NULL, 'system', 0
FROM role_assignments;
DROP TABLE role_assignments;
)";
  return {{.module = "administration_access", .version = 1, .statements = first}};
}

}  // namespace ciclo::administration
