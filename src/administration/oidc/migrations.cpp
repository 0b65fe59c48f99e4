#include "administration/oidc/migrations.hpp"

namespace ciclo::administration::oidc {

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE oidc_people (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  principal TEXT NOT NULL UNIQUE,
  user_created_ms BIGINT NOT NULL,
  groups_hash TEXT NOT NULL,
  groups_of_ms BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE TABLE oidc_pending (
  state_hash TEXT PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  return_to TEXT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX oidc_pending_by_expiry ON oidc_pending (expires_ms);
CREATE TABLE oidc_used (
  token_hash TEXT PRIMARY KEY,
  expires_ms BIGINT NOT NULL
);
)";
  return {{.module = "administration_oidc", .version = 1, .statements = first}};
}

}  // namespace ciclo::administration::oidc
