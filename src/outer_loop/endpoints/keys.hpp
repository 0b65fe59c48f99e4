// The secrets of endpoints: two keys that its callers use, and the token by which this server controls its scorer.
// Sealed in a table of their own, because a resource's status is shown to every reader.
//
// Thread safety: safe from any thread; works in the session it is handed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "administration/secrets/rotation.hpp"
#include "administration/secrets/sealing.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::outer_loop {

enum class KeyType : std::uint8_t { primary, secondary };
Result<KeyType> parse_key_type(std::string_view text);

struct EndpointName {
  std::string workspace;
  std::string endpoint;
};

struct EndpointSecrets {
  std::string primary;
  std::string secondary;
  std::string control;  // never leaves the server
};

class EndpointKeys {
 public:
  // `sealer` must outlive this.
  explicit EndpointKeys(const administration::Sealer& sealer) : sealer_(sealer) {}

  // New secrets, in place of those there were.
  Result<void> make(sql::Session& session, const EndpointName& name) const;
  Result<EndpointSecrets> get(sql::Session& session, const EndpointName& name) const;
  // The other key stays good, so that callers can change over without a pause.
  Result<void> regenerate(sql::Session& session, const EndpointName& name, KeyType type) const;
  Result<void> forget(sql::Session& session, const EndpointName& name) const;

 private:
  std::string new_sealed(const EndpointName& name, std::string_view column) const;

  const administration::Sealer& sealer_;
};

// Lower-case hexadecimal, as scorer.json has it.
std::string sha256_hex(std::string_view text);

std::vector<sql::Migration> endpoint_migrations();
// What a change of the master key seals again.
administration::SealedColumns endpoint_sealed_columns();

}  // namespace ciclo::outer_loop
