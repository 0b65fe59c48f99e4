// Principals and their tokens. A token is shown once; only its SHA-256 is kept. It can be cut to a workspace and to
// actions, ends by itself or is ended, and shows when it was last used (to the minute).
//
// Thread safety: safe from any thread. authenticate() reads a cache in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "administration/identity/principal.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

struct Token {
  std::string id;
  std::string principal;
  std::string purpose;         // "first start", "job calm_river_1", "ci"
  std::string only_workspace;  // empty: wherever the principal may go
  std::optional<TimePoint> expires_at;
  TimePoint created_at;
  std::string on_behalf_of = {};               // see Caller
  std::vector<std::string> only_actions = {};  // see Caller
  std::optional<TimePoint> last_used_at = {};
};

struct MintRequest {
  std::string principal;
  std::string purpose;
  std::string only_workspace;
  std::optional<TimePoint> expires_at;
  std::string on_behalf_of = {};
  std::vector<std::string> only_actions = {};
};

struct MintedToken {
  std::string id;
  std::string secret;  // "ciclo_…": to be handed to its holder and nowhere else
};

// Whether a text has the form of this server's tokens ("ciclo_…").
bool looks_like_token(std::string_view text);

class IdentityService {
 public:
  IdentityService(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  Result<User> create_user_in(sql::Session& session, const std::string& name, const std::string& display_name,
                              PrincipalKind kind = PrincipalKind::person);
  // The managed identity of something else, whose name holds a '/' ("workspace/dev"). Making it again changes nothing.
  Result<void> ensure_managed_in(sql::Session& session, const std::string& name, const std::string& display_name);
  // Its credentials are refused from then on, or good again.
  Result<User> set_disabled_in(sql::Session& session, const std::string& name, bool disabled);
  // Ends all tokens of the user too.
  Result<void> delete_user_in(sql::Session& session, const std::string& name);
  Result<User> get_user_in(sql::Session& session, const std::string& name) const;
  Result<std::vector<User>> list_users();

  Result<MintedToken> mint_in(sql::Session& session, const MintRequest& request);
  // Ending a token that is not there succeeds.
  Result<void> revoke_in(sql::Session& session, const std::string& token_id);
  Result<void> revoke_purpose_in(sql::Session& session, const std::string& purpose);
  // Of one principal alone.
  Result<void> revoke_purpose_in(sql::Session& session, const std::string& purpose, const std::string& principal);
  Result<std::vector<Token>> list_tokens(const std::string& principal);
  Result<Token> get_token(const std::string& token_id);

  // The caller a secret stands for. Fails with unauthenticated: unknown, expired and revoked look alike.
  Result<resources::Caller> authenticate(std::string_view secret);
  // Rises whenever a token or user ended here, or how somebody signs in changed: what others remember of callers is to
  // be looked at again.
  std::uint64_t revision();
  void note_change_in(sql::Session& session) { forget_after_commit(session); }

 private:
  struct Known {
    resources::Caller caller;
    std::optional<TimePoint> expires_at;
    TimePoint noted_at;  // when the database last heard that it was used
  };
  Result<Known> read_token(const std::string& hash);
  void note_use(const std::string& hash, const Known& known);
  void forget_after_commit(sql::Session& session);

  sql::Database& database_;
  const Clock& clock_;
  std::shared_mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // by hash of the secret
  std::uint64_t epoch_ = 0;                          // rises with every revocation
};

}  // namespace ciclo::administration
