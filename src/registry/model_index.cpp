#include "registry/model_index.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "registry/kinds.hpp"

namespace ciclo::registry {
namespace {

using resources::Container;
using resources::Resource;
using resources::ResourceKey;

constexpr std::string_view tag_text(bool value) {
  return value ? "true" : "false";
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

Result<void> put_version_tags(sql::Session& session, const Resource& version) {
  CICLO_CHECK(session.execute("DELETE FROM registry_version_tags WHERE sequence = ?", {version.sequence}));
  for (const auto& [key, value] : version.tags.items()) {
    const std::string text = value_text(value);
    CICLO_CHECK(session.execute(
        "INSERT INTO registry_version_tags (sequence, key, value, workspace, value_hash) VALUES (?,?,?,?,?)",
        {version.sequence, key, text, version.key.workspace, value_hash(text)}));
  }
  return {};
}

Result<void> put_model_tags(sql::Session& session, const Container& model) {
  CICLO_CHECK(session.execute("DELETE FROM registry_model_tags WHERE workspace = ? AND name = ?",
                              {model.workspace, model.name}));
  for (const auto& [key, value] : model.tags.items()) {
    const std::string text = value_text(value);
    CICLO_CHECK(
        session.execute("INSERT INTO registry_model_tags (workspace, name, key, value, value_hash) VALUES (?,?,?,?,?)",
                        {model.workspace, model.name, key, text, value_hash(text)}));
  }
  return {};
}

// The model that a first version makes by itself; a later version only moves its time on.
Result<void> touch_model(sql::Session& session, const Resource& version) {
  const std::int64_t now = to_unix_ms(version.created_at);
  CICLO_CHECK(
      session.execute("INSERT INTO registry_models (workspace, name, description, user_id, is_prompt, archived, "
                      "created_ms, updated_ms) VALUES (?,?,'',?,'false',0,?,?) ON CONFLICT (workspace, name) DO UPDATE "
                      "SET updated_ms = excluded.updated_ms",
                      {version.key.workspace, version.key.name, version.created_by, now, now}));
  return {};
}

}  // namespace

Result<void> ModelIndex::stored(sql::Session& session, const Resource& version) {
  if (version.key.kind != "model") return {};
  if (version.revision == 1) CICLO_CHECK(touch_model(session, version));
  CICLO_CHECK(session.execute(
      "INSERT INTO registry_versions (sequence, workspace, name, version, version_number, run_id, source, stage, "
      "model_id, user_id, description, is_prompt, created_ms, updated_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON "
      "CONFLICT (sequence) DO UPDATE SET run_id = excluded.run_id, stage = excluded.stage, model_id = "
      "excluded.model_id, description = excluded.description, is_prompt = excluded.is_prompt, updated_ms = "
      "excluded.updated_ms",
      {version.sequence, version.key.workspace, version.key.name, version.key.version,
       parse_int(version.key.version).value_or(0), text_or(version.status, "run_id"), text_or(version.spec, "path"),
       text_or(version.status, "stage", "None"), text_or(version.status, "model_id"), version.created_by,
       text_or(version.spec, "description"), tag_text(is_prompt(version.tags)), to_unix_ms(version.created_at),
       to_unix_ms(version.updated_at)}));
  return put_version_tags(session, version);
}

Result<void> ModelIndex::erased(sql::Session& session, const ResourceKey& key) {
  if (key.kind != "model") return {};
  CICLO_CHECK(
      session.execute("DELETE FROM registry_version_tags WHERE sequence IN (SELECT sequence FROM "
                      "registry_versions WHERE workspace = ? AND name = ? AND version = ?)",
                      {key.workspace, key.name, key.version}));
  CICLO_CHECK(session.execute("DELETE FROM registry_versions WHERE workspace = ? AND name = ? AND version = ?",
                              {key.workspace, key.name, key.version}));
  return {};
}

Result<void> ModelIndex::container_stored(sql::Session& session, const Container& model) {
  if (model.kind != "model") return {};
  CICLO_CHECK(session.execute(
      "INSERT INTO registry_models (workspace, name, description, user_id, is_prompt, archived, "
      "created_ms, updated_ms) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (workspace, name) DO UPDATE SET "
      "description = excluded.description, is_prompt = excluded.is_prompt, archived = "
      "excluded.archived, updated_ms = excluded.updated_ms",
      {model.workspace, model.name, model.description, model.created_by, tag_text(is_prompt(model.tags)),
       model.archived, to_unix_ms(model.created_at), to_unix_ms(model.updated_at)}));
  return put_model_tags(session, model);
}

Result<void> ModelIndex::container_erased(sql::Session& session, const ResourceKey& name) {
  if (name.kind != "model") return {};
  CICLO_CHECK(
      session.execute("DELETE FROM registry_version_tags WHERE sequence IN (SELECT sequence FROM "
                      "registry_versions WHERE workspace = ? AND name = ?)",
                      {name.workspace, name.name}));
  for (const char* table : {"registry_versions", "registry_model_tags", "registry_models"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE workspace = ? AND name = ?", table),
                                {name.workspace, name.name}));
  return {};
}

Result<void> ModelIndex::container_renamed(sql::Session& session, const ResourceKey& name, const std::string& new_name,
                                           TimePoint now) {
  if (name.kind != "model") return {};
  for (const char* table : {"registry_versions", "registry_models"})
    CICLO_CHECK(
        session.execute(fmt::format("UPDATE {} SET name = ?, updated_ms = ? WHERE workspace = ? AND name = ?", table),
                        {new_name, to_unix_ms(now), name.workspace, name.name}));
  CICLO_CHECK(session.execute("UPDATE registry_model_tags SET name = ? WHERE workspace = ? AND name = ?",
                              {new_name, name.workspace, name.name}));
  return {};
}

Result<void> ModelIndex::fill(sql::Database& database, const resources::ResourceStore& store) {
  const auto fill_workspace = [&](sql::Session& session, const std::string& workspace) -> Result<void> {
    resources::ListRequest list{.workspace = workspace, .kind = "model"};
    list.include_archived = true;
    list.newest_first = false;
    list.limit = 1000;
    do {
      CICLO_TRY(const auto page, store.list_containers(session, list));
      for (const Container& model : page.items) CICLO_CHECK(container_stored(session, model));
      list.page_token = page.next_page_token;
    } while (!list.page_token.empty());
    do {
      CICLO_TRY(const auto page, store.list(session, list));
      for (const Resource& version : page.items) CICLO_CHECK(stored(session, version));
      list.page_token = page.next_page_token;
    } while (!list.page_token.empty());
    return {};
  };
  return database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto filled, session.query_one("SELECT 1 FROM registry_index_filled"));
    if (filled) return {};
    resources::ListRequest workspaces{.workspace = {}, .kind = "workspace"};
    workspaces.include_archived = true;
    workspaces.limit = 1000;
    do {
      CICLO_TRY(const auto page, store.list(session, workspaces));
      for (const Resource& workspace : page.items) CICLO_CHECK(fill_workspace(session, workspace.key.name));
      workspaces.page_token = page.next_page_token;
    } while (!workspaces.page_token.empty());
    CICLO_CHECK(session.execute("INSERT INTO registry_index_filled (once) VALUES (1)"));
    return {};
  });
}

Result<std::vector<std::int64_t>> ModelIndex::latest_versions(sql::Session& session, const Names& wanted) {
  std::vector<std::int64_t> sequences;
  for (std::size_t begin = 0; begin < wanted.names.size(); begin += tracking::max_bound_list) {
    const std::size_t end = std::min(wanted.names.size(), begin + tracking::max_bound_list);
    tracking::Statement statement;
    statement.add(
        "SELECT sequence FROM (SELECT sequence, name, version_number, ROW_NUMBER() OVER (PARTITION BY name, ");
    statement.add(
        "stage ORDER BY version_number DESC, sequence DESC) AS place FROM registry_versions WHERE workspace = ");
    statement.bind(wanted.workspace).add(" AND name IN ");
    statement.bind_list(std::vector<std::string>(wanted.names.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 wanted.names.begin() + static_cast<std::ptrdiff_t>(end)));
    statement.add(") newest WHERE place = 1 ORDER BY name, version_number DESC, sequence DESC");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) sequences.push_back(row.integer(0));
  }
  return sequences;
}

Result<std::vector<std::int64_t>> ModelIndex::versions_in_stage(sql::Session& session, const ResourceKey& name,
                                                                const std::string& stage) {
  CICLO_TRY(const auto rows,
            session.query("SELECT sequence FROM registry_versions WHERE workspace = ? AND name = ? AND stage = ? ORDER "
                          "BY sequence",
                          {name.workspace, name.name, stage}));
  std::vector<std::int64_t> sequences;
  for (const sql::Row& row : rows) sequences.push_back(row.integer(0));
  return sequences;
}

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE registry_models (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  user_id TEXT NOT NULL,
  is_prompt TEXT NOT NULL,
  archived BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace, name)
){{clustered}};
CREATE INDEX registry_models_by_time ON registry_models (workspace, updated_ms, name);
CREATE TABLE registry_model_tags (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (workspace, name, key)
){{clustered}};
CREATE INDEX registry_model_tags_by_value ON registry_model_tags (workspace, key, value_hash, name);
CREATE TABLE registry_versions (
  sequence BIGINT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  version_number BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  source TEXT NOT NULL,
  stage TEXT NOT NULL,
  model_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  description TEXT NOT NULL,
  is_prompt TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX registry_versions_by_name ON registry_versions (workspace, name, version_number DESC, sequence DESC);
CREATE INDEX registry_versions_by_update ON registry_versions (workspace, updated_ms DESC, name, version_number DESC);
CREATE INDEX registry_versions_by_creation ON registry_versions (workspace, created_ms, name);
CREATE INDEX registry_versions_by_number ON registry_versions (workspace, version_number, name);
CREATE INDEX registry_versions_by_run ON registry_versions (workspace, run_id);
CREATE INDEX registry_versions_by_model ON registry_versions (workspace, model_id);
CREATE TABLE registry_version_tags (
  sequence BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  workspace TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (sequence, key)
){{clustered}};
CREATE INDEX registry_version_tags_by_value ON registry_version_tags (workspace, key, value_hash);
CREATE TABLE registry_index_filled (once BIGINT NOT NULL PRIMARY KEY);
)";
  return {{.module = "registry", .version = 1, .statements = first}};
}

}  // namespace ciclo::registry
