#include "administration/secrets/store.hpp"

#include <fmt/format.h>

namespace ciclo::administration {
namespace {

constexpr std::string_view version_columns =
    "workspace, name, version, content_type, tags, enabled, expires_ms, created_ms, created_by";

Result<SecretVersion> version_of(const sql::Row& row) {
  SecretVersion version{.workspace = row.text(0),
                        .name = row.text(1),
                        .version = row.integer(2),
                        .content_type = row.text(3),
                        .tags = Json::object(),
                        .enabled = row.integer(5) != 0,
                        .expires_at = std::nullopt,
                        .created_at = from_unix_ms(row.integer(7)),
                        .created_by = row.text(8)};
  CICLO_TRY(version.tags, parse_json(row.text(4)));
  if (const auto expires = row.optional_integer(6)) version.expires_at = from_unix_ms(*expires);
  return version;
}

Result<std::vector<SecretVersion>> versions_of(const std::vector<sql::Row>& rows) {
  std::vector<SecretVersion> found;
  for (const sql::Row& row : rows) {
    CICLO_TRY(SecretVersion version, version_of(row));
    found.push_back(std::move(version));
  }
  return found;
}

sql::Value expiry(const SecretVersion& version) {
  if (!version.expires_at) return nullptr;
  return to_unix_ms(*version.expires_at);
}

}  // namespace

Result<std::optional<std::string>> SecretStore::master_key_id(sql::Session& session, Lock lock) const {
  std::string statement = "SELECT key_id FROM vault_master_key WHERE id = 1";
  // SQLite has one writer at a time as it is.
  if (session.dialect() == sql::Dialect::postgresql && lock != Lock::none)
    statement += lock == Lock::keep ? " FOR SHARE" : " FOR UPDATE";
  CICLO_TRY(const auto row, session.query_one(statement));
  if (!row) return std::nullopt;
  return row->text(0);
}

Result<void> SecretStore::set_master_key_id(sql::Session& session, const std::string& id, TimePoint now) const {
  CICLO_CHECK(
      session.execute("INSERT INTO vault_master_key (id, key_id, since_ms) VALUES (1,?,?) ON CONFLICT (id) DO UPDATE "
                      "SET key_id = excluded.key_id, since_ms = excluded.since_ms",
                      {id, to_unix_ms(now)}));
  return {};
}

Result<std::optional<DataKeyRow>> SecretStore::find_data_key(sql::Session& session, const std::string& workspace,
                                                             std::int64_t number) const {
  CICLO_TRY(const auto row,
            number > 0
                ? session.query_one("SELECT number, sealed FROM vault_data_keys WHERE workspace = ? AND number = ?",
                                    {workspace, number})
                : session.query_one(
                      "SELECT number, sealed FROM vault_data_keys WHERE workspace = ? ORDER BY number DESC LIMIT 1",
                      {workspace}));
  if (!row) return std::nullopt;
  return DataKeyRow{workspace, row->integer(0), row->text(1)};
}

Result<void> SecretStore::add_data_key(sql::Session& session, const DataKeyRow& key, TimePoint now) const {
  CICLO_CHECK(session.execute("INSERT INTO vault_data_keys (workspace, number, sealed, created_ms) VALUES (?,?,?,?)",
                              {key.workspace, key.number, key.sealed, to_unix_ms(now)}));
  return {};
}

Result<std::vector<std::string>> SecretStore::workspaces_with_data_keys(sql::Session& session) const {
  CICLO_TRY(const auto rows, session.query("SELECT DISTINCT workspace FROM vault_data_keys ORDER BY workspace"));
  std::vector<std::string> names;
  for (const sql::Row& row : rows) names.push_back(row.text(0));
  return names;
}

Result<std::int64_t> SecretStore::next_version(sql::Session& session, const std::string& workspace,
                                               const std::string& name) const {
  CICLO_TRY(const auto row,
            session.query_one("INSERT INTO vault_names (workspace, name, last_version) VALUES (?,?,1) ON CONFLICT "
                              "(workspace, name) DO UPDATE SET last_version = vault_names.last_version + 1 "
                              "RETURNING last_version",
                              {workspace, name}));
  if (!row) return fail(ErrorCode::internal, "the database gave no version number");
  return row->integer(0);
}

Result<void> SecretStore::insert(sql::Session& session, const SealedSecret& secret) const {
  const SecretVersion& about = secret.about;
  CICLO_CHECK(session.execute(
      "INSERT INTO vault_secrets (workspace, name, version, data_key, ciphertext, content_type, tags, enabled, "
      "expires_ms, created_ms, created_by) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
      {about.workspace, about.name, about.version, secret.data_key, secret.ciphertext, about.content_type,
       to_text(about.tags), about.enabled, expiry(about), to_unix_ms(about.created_at), about.created_by}));
  return {};
}

Result<std::optional<SealedSecret>> SecretStore::find(sql::Session& session, const std::string& workspace,
                                                      const std::string& name, std::int64_t version) const {
  const std::string select = fmt::format(
      "SELECT {}, data_key, ciphertext FROM vault_secrets WHERE workspace = ? AND name = ?", version_columns);
  CICLO_TRY(const auto row, version > 0
                                ? session.query_one(select + " AND version = ?", {workspace, name, version})
                                : session.query_one(select + " ORDER BY version DESC LIMIT 1", {workspace, name}));
  if (!row) return std::nullopt;
  SealedSecret secret{.about = {}, .data_key = row->integer(9), .ciphertext = row->text(10)};
  CICLO_TRY(secret.about, version_of(*row));
  return secret;
}

Result<std::vector<SecretVersion>> SecretStore::versions(sql::Session& session, const std::string& workspace,
                                                         const std::string& name) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM vault_secrets WHERE workspace = ? AND name = ? ORDER BY version "
                                      "DESC LIMIT 1000",
                                      version_columns),
                          {workspace, name}));
  return versions_of(rows);
}

Result<std::vector<SecretVersion>> SecretStore::list(sql::Session& session, const std::string& workspace,
                                                     const std::string& after, std::size_t limit) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM vault_secrets s WHERE workspace = ? AND name > ? AND version = "
                                      "(SELECT MAX(version) FROM vault_secrets o WHERE o.workspace = s.workspace AND "
                                      "o.name = s.name) ORDER BY name LIMIT ?",
                                      version_columns),
                          {workspace, after, limit}));
  return versions_of(rows);
}

Result<void> SecretStore::change(sql::Session& session, const SecretVersion& version) const {
  const std::string_view rest = " WHERE workspace = ? AND name = ? AND version = ?";
  // A null needs a statement of its own: PostgreSQL wants the column's type.
  CICLO_CHECK(version.expires_at
                  ? session.execute(fmt::format("UPDATE vault_secrets SET enabled = ?, expires_ms = ?{}", rest),
                                    {version.enabled, to_unix_ms(*version.expires_at), version.workspace, version.name,
                                     version.version})
                  : session.execute(fmt::format("UPDATE vault_secrets SET enabled = ?, expires_ms = NULL{}", rest),
                                    {version.enabled, version.workspace, version.name, version.version}));
  return {};
}

Result<std::int64_t> SecretStore::erase(sql::Session& session, const std::string& workspace,
                                        const std::string& name) const {
  const bool is_sqlite = session.dialect() == sql::Dialect::sqlite;
  if (is_sqlite) CICLO_CHECK(session.query("PRAGMA secure_delete = ON"));
  CICLO_TRY(const std::int64_t erased,
            session.execute("DELETE FROM vault_secrets WHERE workspace = ? AND name = ?", {workspace, name}));
  if (is_sqlite) CICLO_CHECK(session.query("PRAGMA secure_delete = OFF"));
  return erased;
}

Result<VaultSummary> SecretStore::summary(sql::Session& session, const std::string& workspace) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT COUNT(DISTINCT name), COUNT(*), MAX(created_ms) FROM vault_secrets WHERE "
                              "workspace = ?",
                              {workspace}));
  VaultSummary summary;
  if (!row) return summary;
  summary.secrets = row->integer(0);
  summary.versions = row->integer(1);
  if (const auto changed = row->optional_integer(2)) summary.changed_at = from_unix_ms(*changed);
  return summary;
}

std::vector<sql::Migration> secret_migrations() {
  return {{"administration_secrets", 1, R"(
CREATE TABLE vault_master_key (
  id BIGINT PRIMARY KEY,
  key_id TEXT NOT NULL,
  since_ms BIGINT NOT NULL
);
CREATE TABLE vault_data_keys (
  workspace TEXT NOT NULL,
  number BIGINT NOT NULL,
  sealed TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace, number)
){{clustered}};
CREATE TABLE vault_names (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  last_version BIGINT NOT NULL,
  PRIMARY KEY (workspace, name)
){{clustered}};
CREATE TABLE vault_secrets (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  data_key BIGINT NOT NULL,
  ciphertext TEXT NOT NULL,
  content_type TEXT NOT NULL,
  tags TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  expires_ms BIGINT,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (workspace, name, version)
){{clustered}};
)"}};
}

}  // namespace ciclo::administration
