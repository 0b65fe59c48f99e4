// What decisions depend on: assignments of roles, groups and who is in them, activations. As stored; no judgement here.
//
// Thread safety: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "administration/access/role.hpp"
#include "administration/access/scope.hpp"
#include "base/clock.hpp"

namespace ciclo::administration {

// active: holds now. eligible: its holder may activate it for a limited time, with a reason (just in time).
enum class AssignmentMode : std::uint8_t { active, eligible };
std::string_view name_of(AssignmentMode mode);

// How an eligible assignment may be activated.
struct ActivationRules {
  std::chrono::seconds longest{std::chrono::hours(8)};
  bool needs_approval = false;
  // Who may approve: a principal or a group's id. Empty: whoever may give the role.
  std::string approver;
  bool operator==(const ActivationRules&) const = default;
};

struct Assignment {
  std::string id;         // filled in by the store when empty
  std::string principal;  // a person, service or managed identity; or a group's id
  std::string role;       // a built-in or custom role's name
  Scope scope;
  AssignmentMode mode = AssignmentMode::active;
  ActivationRules rules;                // of eligible ones
  std::string origin;                   // "persona", "creator", or empty: given by somebody
  std::optional<TimePoint> expires_at;  // afterwards it is as if it were not there
  std::string created_by;
  TimePoint created_at;
};

// Where a group belongs: a project's (workspace), a team's, a department's, or the whole organisation's.
enum class GroupLevel : std::uint8_t { workspace, team, department, organisation };
std::string_view name_of(GroupLevel level);
Result<GroupLevel> parse_group_level(std::string_view text);

// Groups stand beside principals under ids that no principal can have: "group:dev-data-scientists".
std::string group_id(std::string_view name);
bool is_group_id(std::string_view holder);
std::string_view group_name_of(std::string_view id);

struct Group {
  std::string name;
  std::string display_name;
  std::string description;
  GroupLevel level = GroupLevel::organisation;
  std::string unit;                         // which workspace, team or department; empty for the organisation
  std::string persona;                      // "data-scientist" for persona groups
  std::vector<std::string> external_names;  // values of the identity provider's group claim that mean this group
  std::string created_by;
  TimePoint created_at;
};

struct Membership {
  std::string group;           // its id
  std::string member;          // a principal, or the id of a group within this one
  std::string only_workspace;  // when set, counts for decisions in this workspace alone
  std::string source;          // "local", or "oidc" when the identity provider said so
  std::string added_by;
  TimePoint added_at;
};

enum class ActivationState : std::uint8_t { pending, active, rejected, cancelled, ended, expired };
std::string_view name_of(ActivationState state);
Result<ActivationState> parse_activation_state(std::string_view text);

struct Activation {
  std::string id;
  std::string assignment_id;
  std::string principal;  // who activated it, for themselves alone
  std::string role;
  Scope scope;
  std::string reason;
  ActivationState state = ActivationState::pending;
  std::chrono::seconds duration{};
  TimePoint requested_at;
  std::optional<TimePoint> starts_at;
  std::optional<TimePoint> ends_at;
  std::string decided_by;  // who approved, rejected or ended it
  std::string comment;
};

struct AccessFacts {
  std::map<std::string, RoleDefinition, std::less<>> custom_roles;
  std::vector<Assignment> assignments;
  std::vector<Membership> memberships;
  std::vector<Activation> activations;  // active ones
};

}  // namespace ciclo::administration
