#include "inner_loop/permissions/permission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/digest.hpp"

namespace ciclo::inner_loop {
namespace {

using administration::Assignment;
using administration::Grant;

struct Word {
  Permission permission;
  std::string_view name;
  std::string_view role;
};
constexpr std::array<Word, 4> words = {{{Permission::none, "NO_PERMISSIONS", ""},
                                        {Permission::read, "READ", "reader"},
                                        {Permission::edit, "EDIT", "contributor"},
                                        {Permission::manage, "MANAGE", "owner"}}};

const Word& word_of(Permission permission) {
  return words.at(static_cast<std::size_t>(permission));
}

administration::Scope scope_of(const Grantee& grantee) {
  return {.workspace = grantee.workspace, .component = {}, .resource = grantee.subject};
}

// A role that lets the user in and is none of those on the resource alone.
Result<void> check_no_other(const administration::AdministrationParts& parts, const Grantee& grantee) {
  CICLO_TRY(const auto snapshot, parts.access.snapshot());
  const resources::Place place(std::string_view(grantee.workspace), grantee.subject);
  for (const Grant& grant : snapshot->grants_of(grantee.principal)) {
    const bool is_direct = grant.via.empty() && grant.assignment->scope == scope_of(grantee) &&
                           permission_of_role(grant.assignment->role) != Permission::none;
    const bool lets_in = grant.assignment->scope.covers(place, "workspace/read") &&
                         administration::allows(*grant.role, "workspace/read");
    if (is_direct || !lets_in) continue;
    return fail(ErrorCode::invalid,
                fmt::format("'{}' has access to {} by the role {} of {}, which no permission on it takes away",
                            grantee.principal, grantee.subject, grant.role->name, grant.assignment->scope.sentence()),
                "permission", "take that role away: ciclo role assignment delete");
  }
  return {};
}

}  // namespace

std::string_view name_of(Permission permission) {
  return word_of(permission).name;
}

Result<Permission> parse_permission(std::string_view text) {
  if (text == "USE") return Permission::read;
  if (text == "DENY") return Permission::none;
  for (const Word& word : words)
    if (word.name == text) return word.permission;
  return fail(ErrorCode::invalid, fmt::format("Invalid permission '{}'", text.substr(0, 40)), "permission",
              "valid permissions are READ, USE, EDIT, MANAGE and NO_PERMISSIONS");
}

std::string_view role_of(Permission permission) {
  return word_of(permission).role;
}

Permission permission_of_role(std::string_view role) {
  for (const Word& word : words)
    if (!word.role.empty() && word.role == role) return word.permission;
  return Permission::none;
}

std::int64_t number_of(std::string_view name) {
  constexpr std::size_t digits = 8;  // of 31 bits: MLflow's clients take them for 32-bit numbers
  return std::stoll(sha256_hex(name).substr(0, digits), nullptr, 16) & 0x7fffffff;
}

Result<std::vector<Assignment>> direct_in(sql::Session& session, const administration::AdministrationParts& parts,
                                          const Grantee& grantee) {
  CICLO_TRY(auto all, parts.access.store().list_in(session, grantee.workspace));
  const TimePoint now = parts.access.clock().now();
  std::erase_if(all, [&](const Assignment& each) {
    return each.principal != grantee.principal || each.scope != scope_of(grantee) ||
           each.mode != administration::AssignmentMode::active || permission_of_role(each.role) == Permission::none ||
           (each.expires_at && *each.expires_at <= now);
  });
  return all;
}

Permission greatest(const std::vector<Assignment>& assignments) {
  Permission most = Permission::none;
  for (const Assignment& each : assignments) most = std::max(most, permission_of_role(each.role));
  return most;
}

Permission effective(const administration::AccessService& access, const Grantee& grantee) {
  resources::Caller caller;
  caller.principal = grantee.principal;
  const resources::Place place(std::string_view(grantee.workspace), grantee.subject);
  if (access.decide(caller, "workspace/manage", place).allowed) return Permission::manage;
  if (access.decide(caller, "workspace/write", place).allowed) return Permission::edit;
  return access.decide(caller, "workspace/read", place).allowed ? Permission::read : Permission::none;
}

Result<void> set_permission(const administration::AdministrationParts& parts, const resources::Caller& caller,
                            const Grantee& grantee, Permission wanted) {
  const administration::Scope scope = scope_of(grantee);
  // Taking needs the right to give, too; which role it is makes no difference on a single resource.
  CICLO_TRY(const auto decision,
            parts.access.require_may_give(caller, scope, wanted == Permission::none ? "reader" : role_of(wanted)));
  return parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(administration::check_holder(parts, session, grantee.principal));
    if (parts.find_resource) CICLO_CHECK(parts.find_resource(session, grantee.workspace, grantee.subject));
    if (wanted == Permission::none) CICLO_CHECK(check_no_other(parts, grantee));
    CICLO_TRY(const auto held, direct_in(session, parts, grantee));
    bool has_it = wanted == Permission::none;
    for (const Assignment& each : held) {
      if (each.role == role_of(wanted) && !each.expires_at) has_it = true;
      else CICLO_CHECK(administration::take_role_in(session, parts, caller, each, decision));
    }
    if (has_it) return {};
    Assignment assignment;
    assignment.principal = grantee.principal;
    assignment.role = role_of(wanted);
    assignment.scope = scope;
    assignment.created_by = caller.principal;
    CICLO_CHECK(administration::give_role_in(session, parts, caller, assignment, decision));
    return {};
  });
}

Result<void> take_permissions(const administration::AdministrationParts& parts, const resources::Caller& caller,
                              const Grantee& grantee) {
  CICLO_TRY(const auto decision, parts.access.require_may_give(caller, scope_of(grantee), "reader"));
  return parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(administration::check_holder(parts, session, grantee.principal));
    CICLO_TRY(const auto held, direct_in(session, parts, grantee));
    for (const Assignment& each : held)
      CICLO_CHECK(administration::take_role_in(session, parts, caller, each, decision));
    return {};
  });
}

}  // namespace ciclo::inner_loop
