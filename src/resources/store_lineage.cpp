// The lineage graph, and the tables of the store.
#include <deque>
#include <set>

#include "resources/store_internal.hpp"

namespace ciclo::resources {

Result<void> ResourceStore::link(sql::Session& session, const std::vector<Link>& links) const {
  for (const Link& link : links)
    CICLO_CHECK(session.execute(
        "INSERT INTO lineage (source, target, relation, created_ms) VALUES (?,?,?,?) ON CONFLICT (source, "
        "target, relation) DO NOTHING",
        {link.from, link.to, link.relation, to_unix_ms(clock_.now())}));
  return {};
}

Result<std::vector<Link>> ResourceStore::lineage(sql::Session& session, const std::string& path, Direction direction,
                                                 std::size_t max_edges) const {
  const std::string_view statement =
      direction == Direction::upstream
          ? "SELECT source, target, relation FROM lineage WHERE target = ? ORDER BY created_ms"
          : "SELECT source, target, relation FROM lineage WHERE source = ? ORDER BY created_ms";
  std::vector<Link> edges;
  std::set<std::string> seen = {path};
  std::deque<std::string> open = {path};
  while (!open.empty()) {
    const std::string at = std::move(open.front());
    open.pop_front();
    CICLO_TRY(const auto rows, session.query(statement, {at}));
    for (const auto& row : rows) {
      if (edges.size() == max_edges) return edges;
      edges.push_back({.from = row.text(0), .to = row.text(1), .relation = row.text(2)});
      const std::string& next = direction == Direction::upstream ? edges.back().from : edges.back().to;
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return edges;
}

std::vector<sql::Migration> migrations() {
  static constexpr std::string_view first = R"(
CREATE TABLE resources (
  sequence {{auto_id}},
  uid TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  owner TEXT NOT NULL,
  spec TEXT NOT NULL,
  status TEXT NOT NULL,
  tags TEXT NOT NULL,
  archived BIGINT NOT NULL,
  deleting BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  UNIQUE (workspace, kind, parent, name, version)
);
CREATE INDEX resources_by_kind ON resources (workspace, kind, sequence);
CREATE INDEX resources_by_name ON resources (workspace, kind, name, sequence);
CREATE INDEX resources_by_owner ON resources (workspace, kind, owner, sequence);
CREATE TABLE resource_containers (
  sequence {{auto_id}},
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  archived BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  UNIQUE (workspace, kind, name)
);
CREATE TABLE resource_labels (
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  version TEXT NOT NULL,
  PRIMARY KEY (workspace, kind, name, label)
);
CREATE TABLE lineage (
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  relation TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (source, target, relation)
);
CREATE INDEX lineage_by_target ON lineage (target);
)";
  // The highest number that a version ever had.
  static constexpr std::string_view second = R"(
ALTER TABLE resource_containers ADD COLUMN highest_version BIGINT NOT NULL DEFAULT 0;
)";
  return {{.module = "resources", .version = 1, .statements = first},
          {.module = "resources", .version = 2, .statements = second}};
}

}  // namespace ciclo::resources
