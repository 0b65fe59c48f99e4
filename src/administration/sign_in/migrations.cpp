#include "administration/sign_in/migrations.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> sign_in_migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE passwords (
  principal TEXT PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  changed_ms BIGINT NOT NULL,
  must_change BIGINT NOT NULL
);
CREATE TABLE one_time_codes (
  principal TEXT PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
  sealed_secret TEXT NOT NULL,
  confirmed BIGINT NOT NULL,
  last_step BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
  principal TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  PRIMARY KEY (principal, hash)
);
CREATE TABLE sign_in_attempts (
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  failures BIGINT NOT NULL,
  last_failure_ms BIGINT NOT NULL,
  last_success_ms BIGINT NOT NULL,
  PRIMARY KEY (name, address)
);
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  how TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  last_used_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_principal ON sessions (principal);
)";
  return {{.module = "administration_sign_in", .version = 1, .statements = first}};
}

}  // namespace ciclo::administration
