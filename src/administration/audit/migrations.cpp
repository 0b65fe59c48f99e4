#include "administration/audit/migrations.hpp"

namespace ciclo::administration {

std::vector<sql::Migration> audit_migrations() {
  // Rows of the former table `audit` are numbered anew, without gaps; the chain takes them in when it begins
  // (AuditChain::begin_in).
  static constexpr std::string_view first = R"(
CREATE TABLE audit_rows (
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
  detail TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX audit_rows_by_time ON audit_rows (time_ms, sequence);
CREATE INDEX audit_rows_by_workspace ON audit_rows (workspace, time_ms, sequence);
INSERT INTO audit_rows (sequence, time_ms, principal, token_id, action, operation, workspace, target, allowed, rule, request_id, detail, hash)
  SELECT ROW_NUMBER() OVER (ORDER BY sequence), time_ms, principal, token_id, action, operation, workspace, target, allowed, rule, request_id, detail, '' FROM audit;
DROP TABLE audit;
CREATE TABLE audit_keys (id BIGINT PRIMARY KEY, sealed TEXT NOT NULL);
CREATE TABLE audit_head (id BIGINT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL, code TEXT NOT NULL);
CREATE TABLE audit_checkpoint (id BIGINT PRIMARY KEY, sequence BIGINT NOT NULL, hash TEXT NOT NULL, time_ms BIGINT NOT NULL, signature TEXT NOT NULL);
CREATE TABLE audit_retention (id BIGINT PRIMARY KEY, days BIGINT NOT NULL, code TEXT NOT NULL);
CREATE TABLE audit_journals (journal TEXT PRIMARY KEY, file BIGINT NOT NULL, position BIGINT NOT NULL, code TEXT NOT NULL);
)";
  return {{.module = "administration_audit", .version = 1, .statements = first}};
}

}  // namespace ciclo::administration
