// What the provider says about a person's groups, handed to whoever keeps groups. Implemented beside identity, wired in
// apps/.
//
// Thread safety: safe from any thread; called within a write transaction.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration::oidc {

class ExternalGroups {
 public:
  virtual ~ExternalGroups() = default;
  // The person's memberships that come from the provider are from now on those that `claims` map to, and no others.
  // Memberships given here in Ciclo stay. Must not call Database::write().
  virtual Result<void> set_in(sql::Session& session, const std::string& principal,
                              const std::vector<std::string>& claims) = 0;
};

}  // namespace ciclo::administration::oidc
