#include "administration/access/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "administration/access/actions.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;
using resources::Decision;
using resources::Place;

constexpr std::string_view organisation_prefix = "organisation/";
// A role on one of these is one on its artifacts, too, which are storage's.
constexpr std::array<std::string_view, 2> kinds_with_files = {"experiment", "model"};

// Whether the role allows anything that lies in workspaces.
bool reaches_workspaces(const RoleDefinition& role) {
  return !std::ranges::all_of(role.actions,
                              [](const std::string& pattern) { return pattern.starts_with(organisation_prefix); });
}

Failure no_such_role(const AccessSnapshot& snapshot, std::string_view name) {
  std::vector<std::string> names;
  for (const RoleDefinition& role : built_in_roles()) names.push_back(role.name);
  for (const auto& [custom, role] : snapshot.facts().custom_roles) names.push_back(custom);
  const auto near = nearest(name, names);
  return fail(
      ErrorCode::invalid, fmt::format("there is no role '{}'", name.substr(0, 80)), "/role",
      near ? fmt::format("did you mean '{}'? All of them: ciclo role list", *near) : "all of them: ciclo role list");
}

Result<void> check_belongs(const RoleDefinition& role, const Scope& scope) {
  if (scope.is_organisation()) return {};
  if (role.name == administrator_role)
    return fail(ErrorCode::invalid, "administrator is a role of the organisation", "/role",
                "in a workspace, give the role owner");
  if (!reaches_workspaces(role))
    return fail(ErrorCode::invalid, fmt::format("{} is a role of the organisation", role.name), "/role",
                "it allows nothing in a workspace");
  return {};
}

Result<std::map<std::string, RoleDefinition, std::less<>>> read_custom_roles(const resources::ResourceStore& store,
                                                                             sql::Session& session) {
  std::map<std::string, RoleDefinition, std::less<>> roles;
  resources::ListRequest request{.workspace = {}, .kind = "role", .limit = 1000};
  do {
    CICLO_TRY(auto page, store.list(session, request));
    for (const auto& resource : page.items) {
      if (find_built_in(resource.key.name) != nullptr) continue;
      CICLO_TRY(roles[resource.key.name], role_of(resource.key.name, resource.spec));
    }
    request.page_token = page.next_page_token;
  } while (!request.page_token.empty());
  return roles;
}

}  // namespace

// What was committed while this reads has raised the epoch, so that the next decision reads again.
Result<std::shared_ptr<const AccessSnapshot>> AccessService::load() const {
  const std::uint64_t epoch = epoch_;
  auto facts = database_.read([this](sql::Session& session) -> Result<AccessFacts> {
    CICLO_TRY(AccessFacts read, store_.read_facts(session));
    CICLO_TRY(read.custom_roles, read_custom_roles(resources_, session));
    return read;
  });
  if (!facts) {
    facts.error().add_context("the role assignments cannot be read now");
    return fail(ErrorCode::unavailable, facts.error().message);
  }
  auto made = std::make_shared<const AccessSnapshot>(*std::move(facts));
  const std::lock_guard lock(mutex_);
  current_ = {made, epoch};
  return made;
}

std::shared_ptr<const AccessSnapshot> AccessService::current() const {
  const std::lock_guard lock(mutex_);
  return current_.epoch == epoch_ ? current_.snapshot : nullptr;
}

Result<std::shared_ptr<const AccessSnapshot>> AccessService::snapshot() const {
  if (auto now = current()) return now;
  const std::lock_guard lock(loading_);
  if (auto now = current()) return now;
  return load();
}

Decision AccessService::decide(const Caller& caller, std::string_view action, const Place& place) const {
  const auto now = snapshot();
  if (!now) return {false, now.error().message};
  return (*now)->decide(caller, action, place, clock_.now());
}

bool AccessService::may_know(const Caller& caller, const Place& place) const {
  const auto now = snapshot();
  return now && (*now)->may_know(caller, place, clock_.now());
}

resources::Reach AccessService::reach(const Caller& caller, std::string_view action, std::string_view workspace,
                                      std::string_view kind) const {
  const auto now = snapshot();
  return now ? (*now)->reach(caller, action, workspace, kind, clock_.now()) : resources::Reach{};
}

Result<void> AccessService::require_may_give_something(const Caller& caller, const std::string& workspace) const {
  CICLO_TRY(const auto now, snapshot());
  if (caller.is_system() || now->may_give_something(caller.principal, workspace, clock_.now())) return {};
  const std::string_view action = workspace.empty() ? "organisation/manage" : "workspace/manage";
  CICLO_CHECK(resources::require(*this, caller, action, workspace));
  return {};
}

Result<Decision> AccessService::require_may_give(const Caller& caller, const Scope& scope,
                                                 std::string_view role) const {
  CICLO_TRY(const auto now, snapshot());
  const RoleDefinition* definition = now->find_role(role);
  if (definition == nullptr) return no_such_role(*now, role);
  const auto require_manage = [&](std::string_view component) {
    return resources::require(*this, caller, fmt::format("{}/manage", component),
                              Place(std::string_view(scope.workspace), scope.resource));
  };
  if (!scope.component.empty()) return require_manage(scope.component);
  if (!scope.resource.empty()) {
    const std::string_view kind = std::string_view(scope.resource).substr(0, scope.resource.find('/'));
    if (std::ranges::find(kinds_with_files, kind) != kinds_with_files.end()) CICLO_CHECK(require_manage("storage"));
    return require_manage(component_of_kind_ ? component_of_kind_(kind) : "workspace");
  }
  Decision decision;
  if (scope.is_organisation()) {
    CICLO_TRY(decision, require_manage(organisation_component));
    if (!reaches_workspaces(*definition)) return decision;
  }
  for (const std::string_view component : components) {
    CICLO_TRY(decision, require_manage(component));
  }
  return decision;
}

Result<void> AccessService::require_may_give_all(const Caller& caller, const std::string& holder,
                                                 const std::string& only_workspace) const {
  CICLO_TRY(const auto now, snapshot());
  auto grants = now->grants_of(holder);
  for (Grant& eligible : now->eligible_of(holder)) grants.push_back(std::move(eligible));
  for (const Grant& grant : grants) {
    Scope scope = grant.assignment->scope;
    if (!only_workspace.empty()) {
      const bool is_elsewhere = !scope.is_organisation() && scope.workspace != only_workspace;
      if (is_elsewhere || (!grant.only_workspace.empty() && grant.only_workspace != only_workspace)) continue;
      scope.workspace = only_workspace;
    }
    auto may = require_may_give(caller, scope, grant.role->name);
    if (may) continue;
    may.error().add_context(fmt::format("'{}' has the role {} of {}, which you may not give", holder, grant.role->name,
                                        grant.assignment->scope.sentence()));
    return Failure(std::move(may).error());
  }
  return {};
}

Result<Assignment> AccessService::assign_in(sql::Session& session, Assignment assignment) {
  CICLO_TRY(const auto now, snapshot());
  const RoleDefinition* role = now->find_role(assignment.role);
  if (role == nullptr) return no_such_role(*now, assignment.role);
  CICLO_CHECK(check_belongs(*role, assignment.scope));
  assignment.role = role->name;
  assignment.created_at = clock_.now();
  CICLO_TRY(Assignment stored, store_.put(session, std::move(assignment)));
  reload_after_commit(session);
  return stored;
}

Result<void> AccessService::withdraw_in(sql::Session& session, const Assignment& assignment) {
  const Scope& scope = assignment.scope;
  const std::string_view keeper = scope.is_organisation() ? administrator_role : owner_role;
  const bool guards_all = scope.component.empty() && scope.resource.empty();
  CICLO_CHECK(store_.erase(session, assignment.id));
  if (guards_all && assignment.role == keeper && assignment.mode == AssignmentMode::active) {
    CICLO_TRY(const auto left, store_.list_in(session, scope.workspace));
    const bool is_kept = std::ranges::any_of(left, [&](const Assignment& other) {
      return other.role == keeper && other.mode == AssignmentMode::active && other.scope == scope && !other.expires_at;
    });
    if (!is_kept)
      return fail(ErrorCode::conflict, fmt::format("'{}' is the last {}", assignment.principal, keeper), {},
                  "give the role to somebody else first");
  }
  reload_after_commit(session);
  return {};
}

Result<void> AccessService::forget_in(sql::Session& session, const resources::ResourceKey& gone) {
  CICLO_TRY(const auto count, store_.erase_resource(session, gone.workspace, gone.subject()));
  if (count > 0) reload_after_commit(session);
  return {};
}

Result<void> AccessService::rename_in(sql::Session& session, const resources::ResourceKey& before,
                                      const resources::ResourceKey& after) {
  CICLO_CHECK(store_.rename_resource(session, before.workspace, before.subject(), after.subject()));
  reload_after_commit(session);
  return {};
}

void AccessService::reload_after_commit(sql::Session& session) {
  session.after_commit([this] { ++epoch_; });
}

}  // namespace ciclo::administration
