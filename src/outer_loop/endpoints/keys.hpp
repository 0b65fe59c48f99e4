// The secrets of endpoints: two keys that its callers use, the seed that its short-lived tokens are signed with, and
// the token by which this server controls its scorer. Sealed in a table of their own, because a resource's status is
// shown to every reader.
//
// Thread safety: safe from any thread; works in the session it is handed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "administration/secrets/rotation.hpp"
#include "administration/secrets/sealing.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::outer_loop {

// token: what the endpoint's tokens are signed with. To replace it without ending them: EndpointTokens::rotate().
enum class KeyType : std::uint8_t { primary, secondary, token };
Result<KeyType> parse_key_type(std::string_view text);
std::string_view name_of(KeyType type);

struct EndpointName {
  std::string workspace;
  std::string endpoint;
};

struct EndpointSecrets {
  std::string primary;
  std::string secondary;
  std::string control;     // never leaves the server
  std::string token_seed;  // neither; empty for an endpoint of a server that had no tokens yet
};

class EndpointKeys {
 public:
  // `sealer` must outlive this.
  explicit EndpointKeys(const administration::Sealer& sealer) : sealer_(sealer) {}

  // New secrets, in place of those there were.
  Result<void> make(sql::Session& session, const EndpointName& name) const;
  Result<EndpointSecrets> get(sql::Session& session, const EndpointName& name) const;
  // What scorer.json will hold of the new one: a key's SHA-256, or the tokens' public key. The other keys stay good, so
  // that callers can change over without a pause.
  Result<std::string> regenerate(sql::Session& session, const EndpointName& name, KeyType type) const;
  Result<void> forget(sql::Session& session, const EndpointName& name) const;

 private:
  std::string new_sealed(const EndpointName& name, std::string_view column) const;

  const administration::Sealer& sealer_;
};

std::vector<sql::Migration> endpoint_migrations();
// What a change of the master key seals again.
administration::SealedColumns endpoint_sealed_columns();

}  // namespace ciclo::outer_loop
