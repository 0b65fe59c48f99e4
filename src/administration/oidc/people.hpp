// Who from the provider is which user here: the link (issuer, subject) → principal.
//
// At first sight a user is made, named after what the provider calls the person, cleaned to letters, digits, '-', '_'
// and '.'. A name that is in use, or was used by a linked user, is never taken over: a number is added. A deleted
// user's link stays and refuses its holder until an administrator removes it; that holds also when a user of the same
// name was made since.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/identity/identity.hpp"
#include "administration/oidc/claims.hpp"
#include "administration/oidc/external_groups.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration::oidc {

struct Link {
  std::string issuer;
  std::string subject;
  std::string principal;
  TimePoint created_at;
  bool is_refused = false;  // its user was deleted
};

struct SignedIn {
  std::string principal;
  bool is_new = false;  // the user was made just now
  bool groups_have_changed = false;
};

class People {
 public:
  struct Parts {
    sql::Database& database;
    IdentityService& identity;
    ExternalGroups* groups;  // null: group claims are not used
    const Clock& clock;
  };
  explicit People(Parts parts) : parts_(parts) {}

  // The principal of somebody who needs nothing written: linked, there, the token's groups as last seen and by a token
  // of less than 10 minutes before. Nothing otherwise.
  Result<std::optional<std::string>> find(const Identity& identity);
  // Finds or makes the user, and hands the token's groups on, in this transaction. Groups of a token that is older than
  // the one they were last taken from are passed over. Fails with unauthenticated when the user was deleted.
  Result<SignedIn> sign_in_in(sql::Session& session, const Identity& identity);

  Result<std::vector<Link>> list();
  // Then its holder is new here. Fails with not_found.
  Result<Link> remove_in(sql::Session& session, const std::string& principal);

 private:
  Parts parts_;
};

// "Maria.Souza@example.org" → "maria.souza-example.org"; "user" when nothing is left.
std::string clean_name(const std::string& wish);

}  // namespace ciclo::administration::oidc
