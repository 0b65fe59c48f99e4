// What a token must say to be good here: pure functions of its claims, the rules and the time.
//
// OpenID Connect Core §3.1.3.7 for ID tokens, RFC 9068 for access tokens. Times may be off by 60 s.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/oidc/token.hpp"
#include "base/clock.hpp"

namespace ciclo::administration::oidc {

struct TokenRules {
  std::string issuer;
  std::vector<std::string> clients;  // ID tokens for these
  std::string audience;              // access tokens for this; empty: none
};

// What an ID token was asked for with.
struct Expected {
  std::optional<std::string> nonce;  // of the code flow
  std::string access_token;          // that came with it; its hash is compared when the ID token has one
};

Result<void> check_id_token(const SignedToken& token, const TokenRules& rules, const Expected& expected, TimePoint now);
// A token in an Authorization header: an ID token of one of the clients, or an access token for the audience.
Result<void> check_bearer(const SignedToken& token, const TokenRules& rules, TimePoint now);

struct ClaimNames {
  std::string name = "preferred_username";
  std::string groups = "groups";  // a claim's name, or a JSON pointer ("/realm_access/roles")
};

// Who a verified token is about.
struct Identity {
  std::string issuer;
  std::string subject;
  std::string name;                                // what the provider calls the person; a wish, not a key
  std::string display_name;                        // "Maria Souza"; may be empty
  std::optional<std::vector<std::string>> groups;  // sorted, no doubles; nothing when the token does not say
  bool groups_are_elsewhere = false;               // too many for a token: it says where to ask ("_claim_names")
  std::string token_id;                            // "oidc:…", for audit
  TimePoint issued_at;
  TimePoint expires_at;
};
// Fails with unauthenticated when the subject is missing or malformed, or there are more than 1000 groups.
Result<Identity> identity_of(const SignedToken& token, const ClaimNames& names);

}  // namespace ciclo::administration::oidc
