#include "administration/identity/migrations.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE users (
  name TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  principal TEXT NOT NULL,
  purpose TEXT NOT NULL,
  only_workspace TEXT NOT NULL,
  expires_ms BIGINT,
  created_ms BIGINT NOT NULL
);
CREATE INDEX tokens_by_principal ON tokens (principal);
CREATE INDEX tokens_by_purpose ON tokens (purpose);
CREATE TABLE role_assignments (
  workspace TEXT NOT NULL,
  principal TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (workspace, principal, role)
);
CREATE TABLE audit (
  sequence {{auto_id}},
  time_ms BIGINT NOT NULL,
  principal TEXT NOT NULL,
  token_id TEXT NOT NULL,
  action TEXT NOT NULL,
  operation TEXT NOT NULL,
  workspace TEXT NOT NULL,
  target TEXT NOT NULL,
  allowed BIGINT NOT NULL,
  rule TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_workspace ON audit (workspace, sequence);
)";
  static constexpr std::string_view second = R"(
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person';
ALTER TABLE users ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN only_actions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN last_used_ms BIGINT;
)";
  return {{.module = "administration", .version = 1, .statements = first},
          {.module = "administration", .version = 2, .statements = second}};
}

}  // namespace ciclo::administration
