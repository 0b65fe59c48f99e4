// Who has which password: argon2id hashes in the database.
//
// Thread safety: safe from any thread; holds no state.
#pragma once

#include <optional>
#include <string>

#include "administration/identity/identity.hpp"

namespace ciclo::administration {

struct Password {
  std::string hash;
  TimePoint changed_at;
  bool must_change = false;  // an administrator chose it: good for choosing another one alone
};

class Passwords {
 public:
  Passwords(IdentityService& identity, const Clock& clock) : identity_(identity), clock_(clock) {}

  Result<std::optional<Password>> find_in(sql::Session& session, const std::string& principal) const;
  // Fails with not_found when there is no such user.
  Result<void> set_in(sql::Session& session, const std::string& principal, const std::string& hash, bool must_change);
  // The same password hashed at another cost; nothing when it was changed meanwhile.
  Result<void> rehash_in(sql::Session& session, const std::string& principal, const std::string& old_hash,
                         const std::string& new_hash);
  // Fails with not_found when there is none.
  Result<void> remove_in(sql::Session& session, const std::string& principal);

 private:
  // The one place that says which principals may sign in with a password.
  Result<void> require_person_in(sql::Session& session, const std::string& principal) const;

  IdentityService& identity_;
  const Clock& clock_;
};

}  // namespace ciclo::administration
