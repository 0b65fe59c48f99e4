// The decision: a pure function of a caller, an action, a place, a time and everything that was assigned at one moment.
// Deny by default; the answer names the rule that made it.
//
// Thread safety: immutable after construction. A decision takes no lock and, for a principal in 20 groups, less than a
// microsecond (bench/access).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "administration/access/facts.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

// A role that reaches a principal, by itself or through groups.
struct Grant {
  const Assignment* assignment = nullptr;
  const RoleDefinition* role = nullptr;
  std::string via;                   // the id of the group it came through; empty: given to the principal itself
  std::string only_workspace;        // of the membership
  std::optional<TimePoint> ends_at;  // of the activation, or the assignment's expiry
  bool is_activation = false;
};

class AccessSnapshot {
 public:
  AccessSnapshot() = default;
  explicit AccessSnapshot(AccessFacts facts);

  resources::Decision decide(const resources::Caller& caller, std::string_view action, const resources::Place& place,
                             TimePoint now) const;
  // On which single resources of a kind the caller may do it: see AccessPolicy::reach. A role on one version of a
  // resource does not count as one on the resource.
  resources::Reach reach(const resources::Caller& caller, std::string_view action, const resources::Place& workspace,
                         std::string_view kind, TimePoint now) const;
  // Holds any role there, or in the organisation above it, or may activate one.
  bool may_know(const resources::Caller& caller, const resources::Place& place, TimePoint now) const;

  // Whether any role of the principal lets it give others something there, whatever it is.
  bool may_give_something(std::string_view principal, std::string_view workspace, TimePoint now) const;

  // Every active role that reaches a principal, and what it may activate.
  std::vector<Grant> grants_of(std::string_view principal) const;
  std::vector<Grant> eligible_of(std::string_view principal) const;
  // The ids of the groups that a principal or group is in, at any depth.
  std::set<std::string> groups_of(std::string_view principal) const;
  // Whether a principal is in a group, at any depth, by memberships that count in this workspace.
  bool is_in(std::string_view principal, std::string_view group_id, std::string_view workspace) const;
  // Null when there is none of that name, short names of built-in ones included.
  const RoleDefinition* find_role(std::string_view name) const;
  const AccessFacts& facts() const { return facts_; }

 private:
  struct Reach {
    std::string group;
    std::string only_workspace;
    auto operator<=>(const Reach&) const = default;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using ByName = std::unordered_map<std::string, std::vector<Grant>, Hash, std::equal_to<>>;

  std::set<Reach> reach_of(std::string_view principal) const;
  void compile();
  resources::Decision decide_for(std::string_view principal, std::string_view action, const resources::Place& place,
                                 TimePoint now) const;
  resources::Reach reach_for(std::string_view principal, std::string_view action, const resources::Place& workspace,
                             std::string_view kind, TimePoint now) const;

  AccessFacts facts_;
  std::unordered_map<std::string, std::vector<const Membership*>, Hash, std::equal_to<>> memberships_;  // by member
  ByName active_;                                                                                       // by principal
  ByName eligible_;                                                                                     // by principal
};

}  // namespace ciclo::administration
