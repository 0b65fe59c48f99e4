#include "administration/access/role.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/access/actions.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

Result<std::vector<std::string>> patterns_of(const Json& spec, const char* field) {
  std::vector<std::string> patterns;
  for (const Json& item : member(spec, field)) {
    auto pattern = item.get<std::string>();
    if (auto good = check_pattern(pattern); !good) {
      good.error().target = fmt::format("/{}/{}", field, patterns.size());
      return Failure(std::move(good).error());
    }
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

std::vector<RoleDefinition> make_built_in_roles() {
  return {
      {"reader",
       "R",
       "Reads everything but the names and values of secrets and the audit log.",
       {"*/read"},
       {"secrets/metadata/*", "secrets/values/*", "logs/audit/*", "organisation/*"}},
      {"contributor",
       "C",
       "Reads, changes and uses everything but secrets and the audit log; gives no rights.",
       {"*/read", "*/write", "*/use"},
       {"secrets/metadata/*", "secrets/values/*", "logs/audit/*", "organisation/*"}},
      {"owner",
       "O",
       "Everything, also who else may enter.",
       {"workspace/*", "secrets/*", "images/*", "storage/*", "automation/*", "packages/*", "logs/*", "monitor/*"},
       {}},
      {"data-scientist",
       "ADS",
       "Everything in the workspace but creating or deleting compute and changing the workspace itself.",
       {"workspace/*"},
       {"workspace/manage", "workspace/compute/write", "workspace/compute/manage"}},
      {"secrets-reader",
       "KVR",
       "Sees which secrets there are, not their values.",
       {"secrets/read", "secrets/metadata/read"},
       {}},
      {"secrets-administrator",
       "KVA",
       "Reads, sets and deletes secrets; does not decide who else may.",
       {"secrets/*"},
       {"secrets/manage"}},
      {"image-pusher", "AcrPush", "Reads and makes images and environments.", {"images/read", "images/write"}, {}},
      {"automation-administrator", "DOPCA", "Everything about triggers, approvals and releases.", {"automation/*"}, {}},
      {"logs-reader", "LAR", "Reads logs and the audit log.", {"logs/*read"}, {}},
      {"logs-contributor",
       "LAC",
       "Reads logs and the audit log and changes how they are kept.",
       {"logs/*read", "logs/*write"},
       {}},
      {"monitoring-reader", "MR", "Reads monitors, metrics and alerts.", {"monitor/*read"}, {}},
      {"monitoring-contributor", "MC", "Reads and changes monitors.", {"monitor/*read", "monitor/*write"}, {}},
      {"endpoint-user",
       "",
       "Calls an endpoint. Given on a single endpoint to model end users.",
       {"workspace/endpoints/read", "workspace/endpoints/use"},
       {}},
      {"administrator", "", "Everything, everywhere.", {"*"}, {}},
      {"organisation-reader",
       "",
       "Reads what lies above workspaces: people, groups, the server's metrics.",
       {"organisation/*read"},
       {}},
      {"organisation-contributor",
       "",
       "Reads and changes what lies above workspaces, but not who may do what.",
       {"organisation/*read", "organisation/*write"},
       {}},
      {"organisation-owner", "", "People, groups, roles and workspaces; not what is in them.", {"organisation/*"}, {}},
  };
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view action) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, action); });
}

}  // namespace

bool allows(const RoleDefinition& role, std::string_view action) {
  return any_matches(role.actions, action) && !any_matches(role.not_actions, action);
}

const std::vector<RoleDefinition>& built_in_roles() {
  static const std::vector<RoleDefinition> roles = make_built_in_roles();
  return roles;
}

const RoleDefinition* find_built_in(std::string_view name) {
  const auto found = std::ranges::find_if(built_in_roles(), [&](const RoleDefinition& role) {
    return iequals(role.name, name) || (!role.short_name.empty() && iequals(role.short_name, name));
  });
  return found == built_in_roles().end() ? nullptr : &*found;
}

Json to_json(const RoleDefinition& role) {
  Json spec = {{"description", role.description}, {"actions", role.actions}, {"not_actions", role.not_actions}};
  if (!role.short_name.empty()) spec["short_name"] = role.short_name;
  return spec;
}

Result<RoleDefinition> role_of(std::string_view name, const Json& spec) {
  RoleDefinition role{.name = std::string(name), .short_name = {}, .description = text_or(spec, "description")};
  CICLO_TRY(role.actions, patterns_of(spec, "actions"));
  CICLO_TRY(role.not_actions, patterns_of(spec, "not_actions"));
  return role;
}

}  // namespace ciclo::administration
