#include "administration/access/access.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::array<Role, 4> all_roles = {Role::reader, Role::contributor, Role::owner, Role::administrator};

bool allows(Role role, std::string_view action) {
  if (role == Role::administrator || role == Role::owner) return true;
  if (action.starts_with("secrets/values/")) return false;
  if (action.ends_with("/read")) return true;
  return role == Role::contributor && action.ends_with("/write");
}

Result<std::vector<Assignment>> read_assignments(sql::Session& session, const std::optional<std::string>& workspace) {
  CICLO_TRY(const auto rows,
            workspace
                ? session.query("SELECT workspace, principal, role FROM role_assignments WHERE workspace = ? ORDER BY "
                                "principal, role",
                                {*workspace})
                : session.query("SELECT workspace, principal, role FROM role_assignments"));
  std::vector<Assignment> assignments;
  for (const auto& row : rows) {
    CICLO_TRY(const Role role, parse_role(row.text(2)));
    assignments.push_back({.workspace = row.text(0), .principal = row.text(1), .role = role});
  }
  return assignments;
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::reader: return "reader";
    case Role::contributor: return "contributor";
    case Role::owner: return "owner";
    case Role::administrator: return "administrator";
  }
  return "reader";
}

Result<Role> parse_role(std::string_view name) {
  std::vector<std::string> names;
  for (const Role role : all_roles) {
    if (name_of(role) == name) return role;
    names.emplace_back(name_of(role));
  }
  return fail(ErrorCode::invalid, fmt::format("there is no role '{}'", name), "/role",
              "the roles are " + join(names, ", "));
}

AccessSnapshot::AccessSnapshot(std::vector<Assignment> assignments) {
  for (Assignment& assignment : assignments)
    roles_[{std::move(assignment.principal), std::move(assignment.workspace)}].push_back(assignment.role);
}

resources::Decision AccessSnapshot::decide(const resources::Caller& caller, std::string_view action,
                                           std::string_view workspace) const {
  if (caller.principal.empty()) return {false, "nobody may do anything"};
  if (caller.is_system()) return {true, "the server itself"};
  if (!caller.only_workspace.empty() && caller.only_workspace != workspace)
    return {false, fmt::format("this credential is good in workspace '{}' alone", caller.only_workspace)};
  for (const std::string_view scope : {workspace, std::string_view()}) {
    const auto found = roles_.find({caller.principal, std::string(scope)});
    if (found == roles_.end()) continue;
    for (const Role role : found->second) {
      // Roles of the organisation other than administrator are not inherited by workspaces.
      if (scope.empty() && !workspace.empty() && role != Role::administrator) continue;
      if (allows(role, action))
        return {true, fmt::format("{} of {}", name_of(role),
                                  scope.empty() ? "the organisation" : fmt::format("workspace '{}'", scope))};
    }
  }
  return {false, fmt::format("no role of '{}' allows {}; an owner can grant one: ciclo workspace grant",
                             caller.principal, action)};
}

Result<void> AccessService::load() const {
  CICLO_TRY(auto assignments,
            database_.read([](sql::Session& session) { return read_assignments(session, std::nullopt); }));
  const std::lock_guard lock(mutex_);
  snapshot_ = std::make_shared<AccessSnapshot>(std::move(assignments));
  is_stale_ = false;
  return {};
}

std::shared_ptr<const AccessSnapshot> AccessService::current() const {
  const std::lock_guard lock(mutex_);
  return is_stale_ ? nullptr : snapshot_;
}

resources::Decision AccessService::decide(const resources::Caller& caller, std::string_view action,
                                          const resources::Place& place) const {
  std::shared_ptr<const AccessSnapshot> snapshot = current();
  if (!snapshot && load()) snapshot = current();
  if (!snapshot) return {false, "the role assignments cannot be read now"};
  return snapshot->decide(caller, action, place.workspace);
}

Result<void> AccessService::assign_in(sql::Session& session, const Assignment& assignment) {
  CICLO_CHECK(session.execute(
      "INSERT INTO role_assignments (workspace, principal, role) VALUES (?,?,?) ON CONFLICT (workspace, "
      "principal, role) DO NOTHING",
      {assignment.workspace, assignment.principal, name_of(assignment.role)}));
  reload_after_commit(session);
  return {};
}

Result<void> AccessService::withdraw_in(sql::Session& session, const Assignment& assignment) {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM role_assignments WHERE workspace = ? AND principal = ? AND role = ?",
                            {assignment.workspace, assignment.principal, name_of(assignment.role)}));
  if (removed == 0)
    return fail(ErrorCode::not_found,
                fmt::format("'{}' does not have the role {} there", assignment.principal, name_of(assignment.role)));
  const Role keeper = assignment.workspace.empty() ? Role::administrator : Role::owner;
  if (assignment.role == keeper) {
    CICLO_TRY(const auto left,
              session.query_one("SELECT COUNT(*) FROM role_assignments WHERE workspace = ? AND role = ?",
                                {assignment.workspace, name_of(keeper)}));
    if (!left || left->integer(0) == 0)
      return fail(ErrorCode::conflict, fmt::format("'{}' is the last {}", assignment.principal, name_of(keeper)), {},
                  "give the role to somebody else first");
  }
  reload_after_commit(session);
  return {};
}

Result<void> AccessService::withdraw_all_in(sql::Session& session, const std::string& principal) {
  CICLO_CHECK(session.execute("DELETE FROM role_assignments WHERE principal = ?", {principal}));
  reload_after_commit(session);
  return {};
}

Result<std::vector<Assignment>> AccessService::list(const std::string& workspace) {
  return database_.read([&](sql::Session& session) { return read_assignments(session, workspace); });
}

// The snapshot is made anew from what was committed. When it cannot be read, what was withdrawn must not stay granted:
// nothing is allowed on the old one, and decide() tries again.
void AccessService::reload_after_commit(sql::Session& session) {
  session.after_commit([this] {
    if (load()) return;
    const std::lock_guard lock(mutex_);
    is_stale_ = true;
  });
}

}  // namespace ciclo::administration
