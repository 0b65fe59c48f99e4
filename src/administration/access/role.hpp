// Role definitions: lists of allowed actions, with wildcards and exceptions. Which component and place a role holds for
// is the assignment's affair (scope.hpp).
//
// Thread safety: plain values; the built-in ones are constant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::administration {

struct RoleDefinition {
  std::string name;        // "data-scientist"
  std::string short_name;  // "ADS": as the access tables write it; empty for custom roles
  std::string description;
  std::vector<std::string> actions;
  // Taken out of `actions` of this role alone: another role may still allow them.
  std::vector<std::string> not_actions;
};

bool allows(const RoleDefinition& role, std::string_view action);

// The roles of the access tables, administrator, endpoint-user and those of the organisation. Never change at run time.
const std::vector<RoleDefinition>& built_in_roles();
// By name or short name, without case; null when there is none.
const RoleDefinition* find_built_in(std::string_view name);

// The spec of a resource of the kind role.
Json to_json(const RoleDefinition& role);
// `spec` passed the schema. Fails with invalid and the pointer of a pattern that is none.
Result<RoleDefinition> role_of(std::string_view name, const Json& spec);

}  // namespace ciclo::administration
