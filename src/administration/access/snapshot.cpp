#include "administration/access/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "administration/access/actions.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::Decision;
using resources::Place;

// What everybody in the organisation may do: know which roles there are.
constexpr std::string_view for_everybody = "organisation/roles/read";

bool is_over(const std::optional<TimePoint>& end, TimePoint now) {
  return end && *end <= now;
}

bool holds(const Grant& grant, const Place& place, TimePoint now) {
  return !is_over(grant.ends_at, now) && (grant.only_workspace.empty() || grant.only_workspace == place.workspace);
}

std::string rule_of(const Grant& grant) {
  const Assignment& assignment = *grant.assignment;
  return fmt::format("{} of {}{}{}", grant.role->name, assignment.scope.sentence(),
                     grant.via.empty() ? std::string() : fmt::format(", as a member of '{}'", group_name_of(grant.via)),
                     grant.is_activation ? ", activated" : "");
}

constexpr auto workspace_of = [](const Grant& grant) -> std::string_view { return grant.assignment->scope.workspace; };

// The first of a principal's grants that lets the action through: those of the organisation, then the workspace's.
// `grants` is sorted by workspace, so that a principal with roles in very many of them is judged as fast as any other.
const Grant* find_allowing(const std::vector<Grant>& grants, std::string_view action, const Place& place,
                           TimePoint now) {
  for (const std::string_view workspace : {std::string_view(), place.workspace}) {
    for (const Grant& grant : std::ranges::equal_range(grants, workspace, {}, workspace_of))
      if (holds(grant, place, now) && grant.assignment->scope.covers(place, action) && allows(*grant.role, action))
        return &grant;
    if (place.workspace.empty()) break;
  }
  return nullptr;
}

// What the credential itself is not good for, whatever its holder may do.
std::optional<Decision> refused_by_credential(const Caller& caller, std::string_view action, const Place& place) {
  if (!caller.only_workspace.empty() && caller.only_workspace != place.workspace)
    return Decision{false, fmt::format("this credential is good in workspace '{}' alone", caller.only_workspace)};
  if (!caller.only_actions.empty() &&
      !std::ranges::any_of(caller.only_actions, [&](const std::string& each) { return matches(each, action); }))
    return Decision{false, fmt::format("this credential is not good for {}", action)};
  return std::nullopt;
}

// What both reach.
resources::Reach common(resources::Reach a, resources::Reach b) {
  if (a.everything) return b;
  if (b.everything) return a;
  resources::Reach both;
  std::ranges::set_intersection(a.names, b.names, std::back_inserter(both.names));
  return both;
}

// The assignment's own end and the activation's, whichever comes first.
std::optional<TimePoint> first_of(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

AccessSnapshot::AccessSnapshot(AccessFacts facts) : facts_(std::move(facts)) {
  for (const Membership& membership : facts_.memberships) memberships_[membership.member].push_back(&membership);
  compile();
}

// Up through the groups. A membership that counts in one workspace alone narrows all that is reached through it; two
// that name different workspaces lead nowhere.
std::set<AccessSnapshot::Reach> AccessSnapshot::reach_of(std::string_view principal) const {
  std::set<Reach> reached;
  std::vector<Reach> open = {{std::string(principal), {}}};
  while (!open.empty()) {
    const Reach from = std::move(open.back());
    open.pop_back();
    const auto found = memberships_.find(from.group);
    if (found == memberships_.end()) continue;
    for (const Membership* membership : found->second) {
      if (!from.only_workspace.empty() && !membership->only_workspace.empty() &&
          from.only_workspace != membership->only_workspace)
        continue;
      Reach next{membership->group, from.only_workspace.empty() ? membership->only_workspace : from.only_workspace};
      if (reached.insert(next).second) open.push_back(std::move(next));
    }
  }
  return reached;
}

void AccessSnapshot::compile() {
  std::unordered_map<std::string_view, std::vector<const Assignment*>> by_holder;
  std::set<std::string, std::less<>> names;
  for (const Assignment& assignment : facts_.assignments) {
    by_holder[assignment.principal].push_back(&assignment);
    names.insert(assignment.principal);
  }
  for (const Membership& membership : facts_.memberships) names.insert(membership.member);
  std::unordered_map<std::string_view, std::vector<const Activation*>> activations;
  for (const Activation& activation : facts_.activations) activations[activation.principal].push_back(&activation);

  for (const std::string& name : names) {
    auto reached = reach_of(name);
    reached.insert({name, {}});
    for (const Reach& reach : reached) {
      const auto held = by_holder.find(reach.group);
      if (held == by_holder.end()) continue;
      for (const Assignment* assignment : held->second) {
        const RoleDefinition* role = find_role(assignment->role);
        if (role == nullptr) continue;  // a custom role that is gone allows nothing
        // A membership of one workspace reaches no assignment of another.
        const std::string& home = assignment->scope.workspace;
        if (!reach.only_workspace.empty() && !home.empty() && home != reach.only_workspace) continue;
        Grant grant{.assignment = assignment,
                    .role = role,
                    .via = reach.group == name ? std::string() : reach.group,
                    .only_workspace = reach.only_workspace,
                    .ends_at = assignment->expires_at};
        if (assignment->mode == AssignmentMode::active) {
          active_[name].push_back(std::move(grant));
          continue;
        }
        for (const Activation* activation : activations[name]) {
          if (activation->assignment_id != assignment->id) continue;
          Grant now = grant;
          now.is_activation = true;
          now.ends_at = first_of(grant.ends_at, activation->ends_at);
          active_[name].push_back(std::move(now));
        }
        eligible_[name].push_back(std::move(grant));
      }
    }
  }
  for (ByName* all : {&active_, &eligible_})
    for (auto& [name, grants] : *all) std::ranges::stable_sort(grants, {}, workspace_of);
}

const RoleDefinition* AccessSnapshot::find_role(std::string_view name) const {
  if (const RoleDefinition* built_in = find_built_in(name)) return built_in;
  const auto found = facts_.custom_roles.find(name);
  return found == facts_.custom_roles.end() ? nullptr : &found->second;
}

Decision AccessSnapshot::decide_for(std::string_view principal, std::string_view action, const Place& place,
                                    TimePoint now) const {
  if (const auto found = active_.find(principal); found != active_.end())
    if (const Grant* grant = find_allowing(found->second, action, place, now)) return {true, rule_of(*grant)};
  if (action == for_everybody) return {true, "everybody in the organisation"};
  if (const auto found = eligible_.find(principal); found != eligible_.end())
    if (const Grant* grant = find_allowing(found->second, action, place, now))
      return {false, fmt::format("'{}' may activate {} for a limited time: ciclo access activate --id {}", principal,
                                 rule_of(*grant), grant->assignment->id)};
  return {false, fmt::format("no role of '{}' allows {}", principal, action)};
}

Decision AccessSnapshot::decide(const Caller& caller, std::string_view action, const Place& place,
                                TimePoint now) const {
  if (caller.principal.empty()) return {false, "nobody may do anything"};
  if (caller.is_system()) return {true, "the server itself"};
  if (auto refused = refused_by_credential(caller, action, place)) return *std::move(refused);
  Decision decision = decide_for(caller.principal, action, place, now);
  if (!decision.allowed || caller.on_behalf_of.empty()) return decision;
  const Decision maker = decide_for(caller.on_behalf_of, action, place, now);
  if (!maker.allowed) return maker;
  return {true, fmt::format("{}; for '{}', {}", decision.rule, caller.on_behalf_of, maker.rule)};
}

resources::Reach AccessSnapshot::reach_for(std::string_view principal, std::string_view action, const Place& workspace,
                                           std::string_view kind, TimePoint now) const {
  if (decide_for(principal, action, workspace, now).allowed) return {.everything = true};
  std::set<std::string> names;
  const auto found = active_.find(principal);
  if (found == active_.end() || workspace.workspace.empty()) return {};
  for (const Grant& grant : std::ranges::equal_range(found->second, workspace.workspace, {}, workspace_of)) {
    const std::string_view resource = grant.assignment->scope.resource;
    if (!resource.starts_with(kind) || resource.substr(kind.size(), 1) != "/") continue;
    const std::string_view name = resource.substr(kind.size() + 1);
    if (name.empty() || name.contains(':')) continue;
    const Place place(workspace.workspace, resource);
    if (holds(grant, place, now) && grant.assignment->scope.covers(place, action) && allows(*grant.role, action))
      names.emplace(name);
  }
  return {.everything = false, .names = {names.begin(), names.end()}};
}

resources::Reach AccessSnapshot::reach(const Caller& caller, std::string_view action, const Place& workspace,
                                       std::string_view kind, TimePoint now) const {
  if (caller.principal.empty()) return {};
  if (caller.is_system()) return {.everything = true};
  if (refused_by_credential(caller, action, workspace)) return {};
  resources::Reach own = reach_for(caller.principal, action, workspace, kind, now);
  if (caller.on_behalf_of.empty()) return own;
  return common(std::move(own), reach_for(caller.on_behalf_of, action, workspace, kind, now));
}

bool AccessSnapshot::may_know(const Caller& caller, const Place& place, TimePoint now) const {
  if (caller.is_system()) return true;
  if (!caller.only_workspace.empty() && caller.only_workspace != place.workspace) return false;
  const auto tells_of_it = [&](const Grant& grant) {
    const Scope& scope = grant.assignment->scope;
    if (!holds(grant, place, now)) return false;
    // A role of the organisation lets one know of a workspace when it lets one read something in it.
    if (scope.is_organisation()) return allows(*grant.role, "workspace/read");
    return scope.workspace == place.workspace;
  };
  return std::ranges::any_of(std::array{&active_, &eligible_}, [&](const ByName* all) {
    const auto found = all->find(caller.principal);
    return found != all->end() && std::ranges::any_of(found->second, tells_of_it);
  });
}

bool AccessSnapshot::may_give_something(std::string_view principal, std::string_view workspace, TimePoint now) const {
  const auto found = active_.find(principal);
  if (found == active_.end()) return false;
  return std::ranges::any_of(found->second, [&](const Grant& grant) {
    const Scope& scope = grant.assignment->scope;
    if (!holds(grant, workspace, now) || (!scope.is_organisation() && scope.workspace != workspace)) return false;
    return allows(*grant.role, "organisation/manage") || allows(*grant.role, "workspace/endpoints/manage") ||
           std::ranges::any_of(
               components, [&](std::string_view each) { return allows(*grant.role, std::string(each) + "/manage"); });
  });
}

std::vector<Grant> AccessSnapshot::grants_of(std::string_view principal) const {
  const auto found = active_.find(principal);
  return found == active_.end() ? std::vector<Grant>() : found->second;
}

std::vector<Grant> AccessSnapshot::eligible_of(std::string_view principal) const {
  const auto found = eligible_.find(principal);
  return found == eligible_.end() ? std::vector<Grant>() : found->second;
}

bool AccessSnapshot::is_in(std::string_view principal, std::string_view group_id, std::string_view workspace) const {
  return std::ranges::any_of(reach_of(principal), [&](const Reach& reach) {
    return reach.group == group_id && (reach.only_workspace.empty() || reach.only_workspace == workspace);
  });
}

std::set<std::string> AccessSnapshot::groups_of(std::string_view principal) const {
  std::set<std::string> names;
  for (const Reach& reach : reach_of(principal)) names.insert(reach.group);
  return names;
}

}  // namespace ciclo::administration
