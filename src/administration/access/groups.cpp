#include "administration/access/groups.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "resources/reference.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::Decision;

constexpr std::string_view local_source = "local";
constexpr std::string_view external_source = "oidc";
constexpr std::size_t most_external_names = 100;
constexpr std::size_t longest_external_name = 256;

Failure no_group(const std::string& name) {
  return fail(ErrorCode::not_found, fmt::format("there is no group '{}'", name.substr(0, 255)));
}

Result<void> check_group(const Group& group) {
  CICLO_CHECK(resources::check_name(group.name, "group name"));
  if ((group.level == GroupLevel::organisation) != group.unit.empty())
    return fail(
        ErrorCode::invalid,
        fmt::format("a group of the {} {} a unit", name_of(group.level), group.unit.empty() ? "needs" : "has no"),
        "/unit", "say which workspace, team or department");
  const bool are_good = group.external_names.size() <= most_external_names &&
                        std::ranges::all_of(group.external_names, [](const std::string& name) {
                          return !name.empty() && name.size() <= longest_external_name;
                        });
  if (!are_good)
    return fail(ErrorCode::invalid, "too many or too long names of the identity provider", "/external_names",
                fmt::format("at most {} of {} bytes", most_external_names, longest_external_name));
  return {};
}

}  // namespace

Json to_json(const Group& group) {
  Json out = {{"name", group.name},
              {"display_name", group.display_name},
              {"description", group.description},
              {"level", name_of(group.level)},
              {"external_names", group.external_names},
              {"created_by", group.created_by},
              {"created_at", format_rfc3339(group.created_at)}};
  if (!group.unit.empty()) out["unit"] = group.unit;
  if (!group.persona.empty()) out["persona"] = group.persona;
  return out;
}

Result<Decision> Groups::require_manage(const Caller& caller, const Group& group) const {
  if (group.level == GroupLevel::workspace)
    return access_.require_may_give(caller, {.workspace = group.unit, .component = {}, .resource = {}}, owner_role);
  return resources::require(access_, caller, "organisation/manage", "");
}

bool Groups::may_see(const Caller& caller, const Group& group) const {
  if (access_.decide(caller, "organisation/read", "").allowed) return true;
  return group.level == GroupLevel::workspace && access_.decide(caller, "workspace/read", group.unit).allowed;
}

Result<Group> Groups::find(sql::Session& session, const std::string& name) const {
  CICLO_TRY(auto group, access_.store().find_group(session, name));
  if (!group) return no_group(name);
  return *std::move(group);
}

// Whoever the identity provider names becomes a member: the same right as adding them by hand.
Result<void> Groups::check_external(const Caller& caller, const Group& group) const {
  if (group.external_names.empty()) return {};
  return access_.require_may_give_all(caller, group_id(group.name), "");
}

Result<Group> Groups::create(const Caller& caller, Group group) {
  CICLO_CHECK(check_group(group));
  CICLO_CHECK(require_manage(caller, group));
  group.created_by = caller.principal;
  group.created_at = access_.clock().now();
  if (group.display_name.empty()) group.display_name = group.name;
  return service_.parts().database.write([&](sql::Session& session) -> Result<Group> {
    CICLO_TRY(const auto there, access_.store().find_group(session, group.name));
    if (there)
      return fail(ErrorCode::already_exists, fmt::format("there is already a group '{}'", group.name), "/name");
    if (group.level == GroupLevel::workspace)
      CICLO_CHECK(service_.parts().store.get(
          session, {.workspace = {}, .kind = "workspace", .parent = {}, .name = group.unit, .version = {}}));
    CICLO_CHECK(access_.store().put_group(session, group));
    CICLO_CHECK(record(session, caller, group, {"created", "create group"}));
    return group;
  });
}

Result<Group> Groups::update(const Caller& caller, const std::string& name, const Json& patch) {
  return service_.parts().database.write([&](sql::Session& session) -> Result<Group> {
    CICLO_TRY(Group group, find(session, name));
    if (!may_see(caller, group)) return no_group(name);
    CICLO_CHECK(require_manage(caller, group));
    if (patch.contains("display_name")) group.display_name = text_or(patch, "display_name");
    if (patch.contains("description")) group.description = text_or(patch, "description");
    if (patch.contains("external_names")) {
      group.external_names.clear();
      for (const Json& value : member(patch, "external_names")) {
        if (!value.is_string()) return fail(ErrorCode::invalid, "expected a list of texts", "/external_names");
        group.external_names.push_back(value.get<std::string>());
      }
      CICLO_CHECK(check_external(caller, group));
    }
    CICLO_CHECK(check_group(group));
    CICLO_CHECK(access_.store().put_group(session, group));
    CICLO_CHECK(
        record(session, caller, group, {"updated", "update group", {{"external_names", group.external_names}}}));
    return group;
  });
}

Result<void> Groups::remove(const Caller& caller, const std::string& name) {
  return service_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const Group group, find(session, name));
    if (!may_see(caller, group)) return no_group(name);
    CICLO_CHECK(require_manage(caller, group));
    if (!group.persona.empty())
      return fail(ErrorCode::conflict, fmt::format("'{}' is the group of a persona", name), {},
                  "it goes with its workspace, or with: ciclo workspace update --set personas=none");
    CICLO_CHECK(access_.store().erase_group(session, name));
    access_.reload_after_commit(session);
    return record(session, caller, group, {"deleted", "delete group"});
  });
}

Result<void> Groups::check_member(sql::Session& session, const Membership& membership) const {
  if (!membership.only_workspace.empty())
    CICLO_CHECK(service_.parts().store.get(
        session,
        {.workspace = {}, .kind = "workspace", .parent = {}, .name = membership.only_workspace, .version = {}}));
  if (!is_group_id(membership.member)) {
    CICLO_CHECK(identity_.get_user_in(session, membership.member));
    return {};
  }
  CICLO_CHECK(find(session, std::string(group_name_of(membership.member))));
  CICLO_TRY(const auto snapshot, access_.snapshot());
  if (membership.member == membership.group || snapshot->groups_of(membership.group).contains(membership.member))
    return fail(
        ErrorCode::invalid, "a group cannot be within itself", "/member",
        fmt::format("'{}' is in '{}' already", group_name_of(membership.group), group_name_of(membership.member)));
  return {};
}

Result<void> Groups::add_member(const Caller& caller, const Membership& membership) {
  const std::string name(group_name_of(membership.group));
  return service_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const Group group, find(session, name));
    if (!may_see(caller, group)) return no_group(name);
    CICLO_CHECK(require_manage(caller, group));
    CICLO_CHECK(check_member(session, membership));
    CICLO_CHECK(access_.require_may_give_all(caller, membership.group, membership.only_workspace));
    Membership added = membership;
    added.source = local_source;
    added.added_by = caller.principal;
    added.added_at = access_.clock().now();
    CICLO_TRY(const bool is_new, access_.store().add_member(session, added));
    if (!is_new)
      return fail(ErrorCode::already_exists, fmt::format("'{}' is in '{}' already", membership.member, name),
                  "/member");
    access_.reload_after_commit(session);
    return record(
        session, caller, group,
        {"member-added", "add member", {{"member", membership.member}, {"only_workspace", membership.only_workspace}}});
  });
}

Result<void> Groups::remove_member(const Caller& caller, const Membership& membership) {
  const std::string name(group_name_of(membership.group));
  return service_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const Group group, find(session, name));
    if (!may_see(caller, group)) return no_group(name);
    // Anybody may leave.
    if (membership.member != caller.principal) CICLO_CHECK(require_manage(caller, group));
    CICLO_TRY(const auto removed, access_.store().remove_member(session, membership));
    if (removed == 0)
      return fail(ErrorCode::not_found, fmt::format("'{}' is not in '{}'{}", membership.member, name,
                                                    membership.only_workspace.empty() ? "" : " for that workspace"));
    access_.reload_after_commit(session);
    return record(session, caller, group,
                  {"member-removed",
                   "remove member",
                   {{"member", membership.member}, {"only_workspace", membership.only_workspace}}});
  });
}

Result<std::vector<Group>> Groups::list(const Caller& caller) {
  CICLO_TRY(auto groups, service_.parts().database.read(
                             [&](sql::Session& session) { return access_.store().list_groups(session); }));
  std::erase_if(groups, [&](const Group& group) { return !may_see(caller, group); });
  return groups;
}

Result<Group> Groups::get(const Caller& caller, const std::string& name) {
  CICLO_TRY(Group group, service_.parts().database.read([&](sql::Session& session) { return find(session, name); }));
  if (!may_see(caller, group)) return no_group(name);
  return group;
}

Result<std::vector<Membership>> Groups::members(const Caller& caller, const std::string& name) {
  CICLO_CHECK(get(caller, name));
  return service_.parts().database.read(
      [&](sql::Session& session) { return access_.store().list_members(session, group_id(name)); });
}

Result<void> Groups::set_external_in(sql::Session& session, const std::string& principal,
                                     const std::vector<std::string>& claims) {
  CICLO_TRY(const auto all, access_.store().list_groups(session));
  std::vector<std::string> wanted;
  for (const Group& group : all) {
    const bool is_named = std::ranges::any_of(
        group.external_names, [&](const std::string& name) { return std::ranges::find(claims, name) != claims.end(); });
    if (is_named) wanted.push_back(group_id(group.name));
  }
  // Most sign-ins change nothing: then nobody's decisions have to be made anew.
  const std::string source(external_source);
  CICLO_TRY(const auto before, access_.store().groups_from(session, principal, source));
  if (std::ranges::is_permutation(before, wanted)) return {};
  CICLO_CHECK(access_.store().erase_memberships_of(session, principal, source));
  for (const std::string& group : wanted)
    CICLO_CHECK(access_.store().add_member(session, {.group = group,
                                                     .member = principal,
                                                     .only_workspace = {},
                                                     .source = source,
                                                     .added_by = "system",
                                                     .added_at = access_.clock().now()}));
  access_.reload_after_commit(session);
  return {};
}

Result<void> Groups::record(sql::Session& session, const Caller& caller, const Group& group, Change change) {
  const std::string workspace = group.level == GroupLevel::workspace ? group.unit : std::string();
  events::Event event{.type = "ciclo.group." + change.what,
                      .source = workspace.empty() ? "/" : "/workspaces/" + workspace,
                      .subject = "group/" + group.name,
                      .workspace = workspace,
                      .actor = caller.principal,
                      .data = change.detail};
  event.data["name"] = group.name;
  const auto may = require_manage(caller, group);
  const Decision decision = may ? *may : Decision{true, "anybody may leave a group"};
  return service_.record_in(session,
                            {.caller = caller,
                             .action = workspace.empty() ? "organisation/manage" : "workspace/manage",
                             .operation = std::move(change.operation),
                             .workspace = workspace,
                             .target = "/groups/" + group.name,
                             .decision = decision,
                             .detail = std::move(change.detail)},
                            std::move(event));
}

}  // namespace ciclo::administration
