#include "outer_loop/endpoints/keys.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/wipe.hpp"
#include "platform/tokens/signed_token.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr const char* table = "endpoint_keys";

std::string place_of(const EndpointName& name, std::string_view column) {
  return administration::sealed_place(table, column, {name.workspace, name.endpoint});
}

}  // namespace

Result<KeyType> parse_key_type(std::string_view text) {
  if (text == "primary" || text == "Primary") return KeyType::primary;
  if (text == "secondary" || text == "Secondary") return KeyType::secondary;
  if (text == "token") return KeyType::token;
  return fail(ErrorCode::invalid, fmt::format("there is no key '{}'", text.substr(0, 40)), "/key_type",
              "give primary, secondary, or token for that which tokens are signed with");
}

std::string_view name_of(KeyType type) {
  switch (type) {
    case KeyType::primary: return "primary";
    case KeyType::secondary: return "secondary";
    case KeyType::token: return "token";
  }
  return "primary";
}

std::string EndpointKeys::new_sealed(const EndpointName& name, std::string_view column) const {
  const WipedText secret(random_hex(secret_bytes));
  return sealer_.seal(secret.get(), place_of(name, column));
}

Result<void> EndpointKeys::make(sql::Session& session, const EndpointName& name) const {
  CICLO_CHECK(administration::hold_master_key(session, sealer_));
  CICLO_CHECK(session.execute(
      "INSERT INTO endpoint_keys (workspace, endpoint, primary_sealed, secondary_sealed, control_sealed, "
      "token_sealed) VALUES (?,?,?,?,?,?) ON CONFLICT (workspace, endpoint) DO UPDATE SET "
      "primary_sealed = excluded.primary_sealed, secondary_sealed = excluded.secondary_sealed, "
      "control_sealed = excluded.control_sealed, token_sealed = excluded.token_sealed",
      {name.workspace, name.endpoint, new_sealed(name, "primary_sealed"), new_sealed(name, "secondary_sealed"),
       new_sealed(name, "control_sealed"), new_sealed(name, "token_sealed")}));
  return {};
}

Result<EndpointSecrets> EndpointKeys::get(sql::Session& session, const EndpointName& name) const {
  CICLO_TRY(const auto row, session.query_one("SELECT primary_sealed, secondary_sealed, control_sealed, token_sealed "
                                              "FROM endpoint_keys WHERE workspace = ? AND endpoint = ?",
                                              {name.workspace, name.endpoint}));
  if (!row) return fail(ErrorCode::not_found, fmt::format("the endpoint '{}' has no keys", name.endpoint));
  EndpointSecrets secrets;
  CICLO_TRY(secrets.primary, sealer_.open_sealed(row->text(0), place_of(name, "primary_sealed")));
  CICLO_TRY(secrets.secondary, sealer_.open_sealed(row->text(1), place_of(name, "secondary_sealed")));
  CICLO_TRY(secrets.control, sealer_.open_sealed(row->text(2), place_of(name, "control_sealed")));
  if (!row->text(3).empty()) {
    CICLO_TRY(secrets.token_seed, sealer_.open_sealed(row->text(3), place_of(name, "token_sealed")));
  }
  return secrets;
}

Result<std::string> EndpointKeys::regenerate(sql::Session& session, const EndpointName& name, KeyType type) const {
  CICLO_CHECK(administration::hold_master_key(session, sealer_));
  const WipedText secret(random_hex(secret_bytes));
  const std::string column = std::string(name_of(type)) + "_sealed";
  CICLO_TRY(const auto changed,
            session.execute(fmt::format("UPDATE endpoint_keys SET {} = ? WHERE workspace = ? AND endpoint = ?", column),
                            {sealer_.seal(secret.get(), place_of(name, column)), name.workspace, name.endpoint}));
  if (changed == 0) return fail(ErrorCode::not_found, fmt::format("the endpoint '{}' has no keys", name.endpoint));
  if (type != KeyType::token) return sha256_hex(secret.get());
  CICLO_TRY(const auto key, tokens::SigningKey::from_seed(secret.get()));
  return key.public_key();
}

Result<void> EndpointKeys::forget(sql::Session& session, const EndpointName& name) const {
  CICLO_CHECK(session.execute("DELETE FROM endpoint_keys WHERE workspace = ? AND endpoint = ?",
                              {name.workspace, name.endpoint}));
  return {};
}

administration::SealedColumns endpoint_sealed_columns() {
  const std::vector<std::string> key = {"workspace", "endpoint"};
  return {{.table = table, .key = key, .column = "primary_sealed"},
          {.table = table, .key = key, .column = "secondary_sealed"},
          {.table = table, .key = key, .column = "control_sealed"},
          {.table = table, .key = key, .column = "token_sealed"}};
}

std::vector<sql::Migration> endpoint_migrations() {
  return {{"outer_loop_endpoints", 1, R"(
CREATE TABLE endpoint_keys (
  workspace TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  primary_sealed TEXT NOT NULL,
  secondary_sealed TEXT NOT NULL,
  control_sealed TEXT NOT NULL,
  PRIMARY KEY (workspace, endpoint)
){{clustered}};
)"},
          {"outer_loop_endpoints", 2, R"(
ALTER TABLE endpoint_keys ADD COLUMN token_sealed TEXT NOT NULL DEFAULT '';

CREATE TABLE endpoint_token_holders (
  workspace TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  principal TEXT NOT NULL,
  on_behalf_of TEXT NOT NULL,
  last_issued_ms BIGINT NOT NULL,
  last_expires_ms BIGINT NOT NULL,
  ended_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace, endpoint, principal, on_behalf_of)
){{clustered}};

CREATE TABLE endpoint_retired_keys (
  workspace TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  good_until_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace, endpoint, public_key)
){{clustered}};
)"}};
}

}  // namespace ciclo::outer_loop
