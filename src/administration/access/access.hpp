// Who may do what: the judgement itself, and the one place through which assignments change.
//
// Decisions are made on a snapshot of everything assigned (snapshot.hpp). A change that was committed makes it out of
// date, and the next decision reads it anew; while it cannot be read, nothing is allowed: what was withdrawn must never
// stay granted.
//
// Thread safety: safe from any thread; decide() takes no lock that writers hold for long.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "administration/access/snapshot.hpp"
#include "administration/access/store.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"
#include "resources/store.hpp"

namespace ciclo::administration {

inline constexpr std::string_view administrator_role = "administrator";
inline constexpr std::string_view owner_role = "owner";

class AccessService final : public resources::AccessPolicy {
 public:
  AccessService(sql::Database& database, const Clock& clock) : database_(database), clock_(clock), resources_(clock) {}

  resources::Decision decide(const resources::Caller& caller, std::string_view action,
                             const resources::Place& place) const override;
  bool may_know(const resources::Caller& caller, const resources::Place& place) const override;
  resources::Reach reach(const resources::Caller& caller, std::string_view action, std::string_view workspace,
                         std::string_view kind) const override;
  // What decisions are made on now. Fails with unavailable while it cannot be read.
  Result<std::shared_ptr<const AccessSnapshot>> snapshot() const;

  // Ok when the caller may give something there, whatever it is: asked before anything of a request is looked at.
  Result<void> require_may_give_something(const resources::Caller& caller, const std::string& workspace) const;
  // Whether the caller may give this role there: it must manage all that the role could reach. So nobody gives more
  // than they hold. Fails with denied or not_found, as require() does.
  Result<resources::Decision> require_may_give(const resources::Caller& caller, const Scope& scope,
                                               std::string_view role) const;
  // The same for everything a principal or group holds or may activate: who may put somebody into that group, or make a
  // credential for that principal. With `only_workspace`, for what holds there alone.
  Result<void> require_may_give_all(const resources::Caller& caller, const std::string& holder,
                                    const std::string& only_workspace) const;

  // Takes effect for decide() once the transaction is durable. Fails with invalid when there is no such role, or it
  // does not belong into the scope. The answer is the assignment as stored.
  Result<Assignment> assign_in(sql::Session& session, Assignment assignment);
  // Fails with conflict when it would leave the organisation without an administrator or the workspace without an
  // owner.
  Result<void> withdraw_in(sql::Session& session, const Assignment& assignment);
  // Roles given on a resource end with it, so that a later one of its name is not theirs.
  Result<void> forget_in(sql::Session& session, const resources::ResourceKey& gone);
  // Roles given on a resource go with it to its new name; what was left on that name from before ends.
  Result<void> rename_in(sql::Session& session, const resources::ResourceKey& before,
                         const resources::ResourceKey& after);
  // For changes of groups, roles and activations: after the commit decisions are made on what is there then.
  void reload_after_commit(sql::Session& session);

  // Which component guards the resources of a kind; apps/ fills it in from the kind table. Unset: workspace.
  void set_component_of_kind(std::function<std::string(std::string_view)> component_of_kind) {
    component_of_kind_ = std::move(component_of_kind);
  }
  const AccessStore& store() const { return store_; }
  const Clock& clock() const { return clock_; }

 private:
  struct Current {
    std::shared_ptr<const AccessSnapshot> snapshot;
    std::uint64_t epoch = 0;  // the change that it was read after
  };
  std::shared_ptr<const AccessSnapshot> current() const;  // null when out of date
  Result<std::shared_ptr<const AccessSnapshot>> load() const;

  sql::Database& database_;
  const Clock& clock_;
  AccessStore store_;
  resources::ResourceStore resources_;
  std::function<std::string(std::string_view)> component_of_kind_;
  std::atomic<std::uint64_t> epoch_ = 1;  // rises with every committed change
  mutable std::mutex loading_;            // one thread reads, others wait for it
  mutable std::mutex mutex_;              // guards current_
  mutable Current current_;
};

}  // namespace ciclo::administration
