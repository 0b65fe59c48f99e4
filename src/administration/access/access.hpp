// Who may do what: roles bound to principals in a workspace or in the organisation. Deny by default.
//
//   reader       */read
//   contributor  */read, */write
//   owner        everything in the workspace, also who else may enter
//   administrator (organisation only) everything everywhere
//
// A decision is a pure function of the caller and a snapshot of the assignments, and names the rule that made it.
//
// Thread safety: decide() takes no lock that writers hold for long; the rest is safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

enum class Role : std::uint8_t { reader, contributor, owner, administrator };
std::string_view name_of(Role role);
// Fails with invalid, naming the roles there are.
Result<Role> parse_role(std::string_view name);

struct Assignment {
  std::string workspace;  // empty: the organisation
  std::string principal;
  Role role = Role::reader;
  bool operator==(const Assignment&) const = default;
};

// Everything a decision depends on, at one moment.
class AccessSnapshot {
 public:
  AccessSnapshot() = default;
  explicit AccessSnapshot(std::vector<Assignment> assignments);
  resources::Decision decide(const resources::Caller& caller, std::string_view action,
                             std::string_view workspace) const;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<Role>> roles_;  // (principal, workspace) → roles
};

class AccessService final : public resources::AccessPolicy {
 public:
  explicit AccessService(sql::Database& database) : database_(database) {}

  // Reads the assignments; call once after migrate().
  Result<void> load() const;
  resources::Decision decide(const resources::Caller& caller, std::string_view action,
                             const resources::Place& place) const override;

  // Takes effect for decide() once the transaction is durable.
  Result<void> assign_in(sql::Session& session, const Assignment& assignment);
  // Fails with conflict when it would leave the workspace without an owner, not_found when there is none such.
  Result<void> withdraw_in(sql::Session& session, const Assignment& assignment);
  Result<void> withdraw_all_in(sql::Session& session, const std::string& principal);
  Result<std::vector<Assignment>> list(const std::string& workspace);

 private:
  void reload_after_commit(sql::Session& session);
  std::shared_ptr<const AccessSnapshot> current() const;  // null while stale

  sql::Database& database_;
  mutable std::mutex mutex_;
  mutable bool is_stale_ = false;  // a change could not be read back
  mutable std::shared_ptr<const AccessSnapshot> snapshot_ = std::make_shared<AccessSnapshot>();
};

}  // namespace ciclo::administration
