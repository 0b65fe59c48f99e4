// Short-lived tokens for one endpoint (platform/tokens): who may use the endpoint gets one, and the endpoint's scorer
// takes it by its signature, at once and without this server.
//
// A token cannot be called back, so who holds one is written down, by name, until it ends by time. When somebody loses
// the right to use the endpoint, by whatever way (a role withdrawn, a group left, a user disabled or deleted, a right
// that ended by time), the tokens he was given until then are ended: scorer.json names him and that time. Tokens
// themselves are kept nowhere.
//
// The key that tokens are signed with is replaced without a pause: the old one is retired, and its tokens are taken
// until the last of them has ended by time.
//
// Thread safety: safe from any thread; works in the session it is handed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "resources/caller.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

// What callers of an endpoint need, at the place of that endpoint.
inline constexpr std::string_view use_endpoints = "workspace/endpoints/use";
// What reading and replacing its keys needs: a key lets in everybody who has it.
inline constexpr std::string_view write_endpoints = "workspace/endpoints/write";

inline constexpr std::chrono::seconds default_token_life{3'600};
inline constexpr std::chrono::seconds shortest_token_life{60};
inline constexpr std::chrono::seconds longest_token_life{86'400};

// So many retired keys at a time; a scorer is told of all of them.
inline constexpr std::size_t most_retired_keys = 8;

struct IssuedToken {
  std::string token;
  std::string id;
  std::string public_key;  // scorer.json names it: when the scorer has it, the token is good
  TimePoint expires_at;
  TimePoint refresh_after;  // when a new one should be asked for: after four fifths of its life
};

// Who may hold tokens that are not over yet.
struct TokenHolder {
  std::string principal;
  std::string on_behalf_of;  // see Caller
  TimePoint last_issued;
  TimePoint ended;  // tokens issued until then are ended; 1970 when none are
};

// What becomes of tokens that are out when their signing key is replaced.
enum class OldTokens : std::uint8_t { stay_good, end_now };

// Whether nothing that this principal shows is good any more, whatever its roles: it is disabled or gone.
using IsBarred = std::function<bool(const std::string& principal)>;

class EndpointTokens {
 public:
  // All must outlive this.
  EndpointTokens(const EndpointKeys& keys, const resources::AccessPolicy& access, IsBarred is_barred,
                 const Clock& clock)
      : keys_(keys), access_(access), is_barred_(std::move(is_barred)), clock_(clock) {}

  // For a caller who was found to be allowed to use the endpoint.
  Result<IssuedToken> issue(sql::Session& session, const resources::Resource& endpoint, const resources::Caller& caller,
                            std::chrono::seconds life) const;

  Result<std::vector<TokenHolder>> holders(sql::Session& session, const EndpointName& name) const;
  // Whether tokens of the holder are good that should not be: it has lost the right since the last was issued. Reads
  // the roles by itself: not to be called within a transaction.
  bool is_to_end(const EndpointName& name, const TokenHolder& holder) const;
  // Ends the tokens that the holder had when it was read. One that it got since is not judged yet, and stays.
  Result<void> end(sql::Session& session, const EndpointName& name, const TokenHolder& holder) const;

  // A new signing key; the public half of it. Fails with conflict when too many old ones have tokens out.
  Result<std::string> rotate(sql::Session& session, const EndpointName& name, OldTokens old) const;
  // The public keys of those whose tokens are still taken.
  Result<std::vector<std::string>> retired_keys(sql::Session& session, const EndpointName& name) const;

  // Endpoints that somebody may hold tokens of, in this workspace (empty: in all).
  Result<std::vector<EndpointName>> endpoints_with_holders(sql::Session& session, const std::string& workspace) const;
  Result<void> forget(sql::Session& session, const EndpointName& name) const;

 private:
  const EndpointKeys& keys_;
  const resources::AccessPolicy& access_;
  const IsBarred is_barred_;
  const Clock& clock_;
};

}  // namespace ciclo::outer_loop
