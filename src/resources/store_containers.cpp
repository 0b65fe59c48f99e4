// Containers (the name level of versioned kinds) and labels.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "resources/store_internal.hpp"

namespace ciclo::resources {
namespace {

constexpr std::string_view columns =
    "c.sequence, c.workspace, c.kind, c.name, c.description, c.tags, c.archived, c.created_by, c.created_ms, "
    "c.updated_ms, "
    "(SELECT r.version FROM resources r WHERE r.workspace = c.workspace AND r.kind = c.kind AND r.name = c.name AND "
    "r.archived = 0 ORDER BY r.sequence DESC LIMIT 1)";

// A larger one is somebody's own naming, and is not counted on from.
constexpr std::int64_t highest_counted = 1'000'000'000'000'000;

// 0 for what is no number.
std::int64_t number_of(const std::string& version) {
  const std::int64_t number = parse_int(version).value_or(0);
  return number <= highest_counted ? number : 0;
}

// Without its labels.
Result<Container> from_row(const sql::Row& row) {
  Container container;
  container.sequence = row.integer(0);
  container.workspace = row.text(1);
  container.kind = row.text(2);
  container.name = row.text(3);
  container.description = row.text(4);
  CICLO_TRY(container.tags, parse_json(row.text(5)));
  container.archived = row.integer(6) != 0;
  container.created_by = row.text(7);
  container.created_at = from_unix_ms(row.integer(8));
  container.updated_at = from_unix_ms(row.integer(9));
  container.latest_version = row.text(10);
  return container;
}

// All of one workspace and kind.
Result<void> load_labels(sql::Session& session, std::vector<Container>& containers) {
  std::map<std::string, Container*> by_name;
  for (Container& container : containers) by_name[container.name] = &container;
  for (std::size_t begin = 0; begin < containers.size(); begin += list_piece) {
    const std::size_t count = std::min(list_piece, containers.size() - begin);
    std::vector<sql::Value> parameters = {containers.front().workspace, containers.front().kind};
    for (std::size_t i = begin; i < begin + count; ++i) parameters.emplace_back(containers[i].name);
    CICLO_TRY(const auto rows,
              session.query(fmt::format("SELECT name, label, version FROM resource_labels WHERE workspace = ? AND "
                                        "kind = ? AND name IN ({}) ORDER BY name, label",
                                        placeholders(count)),
                            std::span<const sql::Value>(parameters)));
    for (const auto& row : rows) by_name[row.text(0)]->labels.emplace_back(row.text(1), row.text(2));
  }
  return {};
}

Failure no_container(const ResourceKey& name) {
  return fail(ErrorCode::not_found,
              fmt::format("there is no {} '{}' in workspace '{}'", name.kind, name.name, name.workspace));
}

}  // namespace

Result<void> touch_container(sql::Session& session, const Resource& version) {
  CICLO_CHECK(
      session.execute("INSERT INTO resource_containers (workspace, kind, name, description, tags, archived, "
                      "created_by, created_ms, updated_ms) "
                      "VALUES (?,?,?,'','{}',0,?,?,?) ON CONFLICT (workspace, kind, name) DO UPDATE SET updated_ms = "
                      "excluded.updated_ms",
                      {version.key.workspace, version.key.kind, version.key.name, version.created_by,
                       to_unix_ms(version.created_at), to_unix_ms(version.created_at)}));
  return keep_number(session, version.key);
}

Result<void> keep_number(sql::Session& session, const ResourceKey& version) {
  const std::int64_t number = number_of(version.version);
  if (number <= 0) return {};
  CICLO_CHECK(
      session.execute("UPDATE resource_containers SET highest_version = ? WHERE workspace = ? AND kind = ? AND "
                      "name = ? AND highest_version < ?",
                      {number, version.workspace, version.kind, version.name, number}));
  return {};
}

Result<std::string> ResourceStore::next_version(sql::Session& session, const ResourceKey& name) const {
  CICLO_TRY(const auto given, session.query_one("SELECT highest_version FROM resource_containers WHERE workspace = ? "
                                                "AND kind = ? AND name = ?",
                                                {name.workspace, name.kind, name.name}));
  std::int64_t highest = given ? given->integer(0) : 0;
  if (highest == 0) {  // none yet, or made before numbers were kept
    CICLO_TRY(const auto rows,
              session.query("SELECT version FROM resources WHERE workspace = ? AND kind = ? AND name = ?",
                            {name.workspace, name.kind, name.name}));
    for (const auto& row : rows) highest = std::max(highest, number_of(row.text(0)));
  }
  return std::to_string(highest + 1);
}

Result<std::string> ResourceStore::version_of_label(sql::Session& session, const ResourceKey& name,
                                                    const std::string& label) const {
  if (label == "latest") {
    CICLO_TRY(const auto row,
              session.query_one("SELECT version FROM resources WHERE workspace = ? AND kind = ? AND name = ? AND "
                                "archived = 0 ORDER BY sequence DESC LIMIT 1",
                                {name.workspace, name.kind, name.name}));
    if (row) return row->text(0);
    ResourceKey missing = name;
    missing.version.clear();
    CICLO_CHECK(get(session, missing));
    return no_container(name);
  }
  CICLO_TRY(const auto row,
            session.query_one(
                "SELECT version FROM resource_labels WHERE workspace = ? AND kind = ? AND name = ? AND label = ?",
                {name.workspace, name.kind, name.name, label}));
  if (row) return row->text(0);
  return fail(ErrorCode::not_found, fmt::format("the {} '{}' has no label '{}'", name.kind, name.name, label));
}

Result<void> ResourceStore::set_label(sql::Session& session, const ResourceKey& version,
                                      const std::string& label) const {
  if (label == "latest")
    return fail(ErrorCode::invalid, "the label 'latest' is kept for the newest version", "label",
                "choose another label");
  CICLO_CHECK(get(session, version));
  CICLO_CHECK(session.execute(
      "INSERT INTO resource_labels (workspace, kind, name, label, version) VALUES (?,?,?,?,?) ON CONFLICT "
      "(workspace, kind, name, label) DO UPDATE SET version = excluded.version",
      {version.workspace, version.kind, version.name, label, version.version}));
  return {};
}

Result<void> ResourceStore::remove_label(sql::Session& session, const ResourceKey& name,
                                         const std::string& label) const {
  CICLO_CHECK(session.execute("DELETE FROM resource_labels WHERE workspace = ? AND kind = ? AND name = ? AND label = ?",
                              {name.workspace, name.kind, name.name, label}));
  return {};
}

Result<std::optional<Container>> ResourceStore::find_container(sql::Session& session, const ResourceKey& name) const {
  CICLO_TRY(const auto row,
            session.query_one(fmt::format("SELECT {} FROM resource_containers c WHERE c.workspace = ? AND c.kind = ? "
                                          "AND c.name = ?",
                                          columns),
                              {name.workspace, name.kind, name.name}));
  if (!row) return std::optional<Container>();
  std::vector<Container> one;
  CICLO_TRY(auto container, from_row(*row));
  one.push_back(std::move(container));
  CICLO_CHECK(load_labels(session, one));
  return std::optional<Container>(std::move(one.front()));
}

Result<std::vector<Container>> ResourceStore::find_containers(sql::Session& session,
                                                              const ContainerNames& wanted) const {
  std::vector<Container> found;
  for (std::size_t begin = 0; begin < wanted.names.size(); begin += list_piece) {
    const std::size_t count = std::min(list_piece, wanted.names.size() - begin);
    std::vector<sql::Value> parameters = {wanted.workspace, wanted.kind};
    for (std::size_t i = begin; i < begin + count; ++i) parameters.emplace_back(wanted.names[i]);
    CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM resource_containers c WHERE c.workspace = ? "
                                                         "AND c.kind = ? AND c.name IN ({})",
                                                         columns, placeholders(count)),
                                             std::span<const sql::Value>(parameters)));
    for (const auto& row : rows) {
      CICLO_TRY(auto container, from_row(row));
      found.push_back(std::move(container));
    }
  }
  CICLO_CHECK(load_labels(session, found));
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < wanted.names.size(); ++i) place[wanted.names[i]] = i;
  std::ranges::sort(found, {}, [&](const Container& container) { return place[container.name]; });
  return found;
}

Result<Container> ResourceStore::put_container(sql::Session& session, Container container) const {
  const std::int64_t now = to_unix_ms(clock_.now());
  CICLO_CHECK(
      session.execute("INSERT INTO resource_containers (workspace, kind, name, description, tags, archived, "
                      "created_by, created_ms, updated_ms) "
                      "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (workspace, kind, name) DO UPDATE SET description = "
                      "excluded.description, tags = "
                      "excluded.tags, archived = excluded.archived, updated_ms = excluded.updated_ms",
                      {container.workspace, container.kind, container.name, container.description,
                       to_text(container.tags), container.archived, container.created_by, now, now}));
  CICLO_TRY(auto stored, find_container(session, {.workspace = container.workspace,
                                                  .kind = container.kind,
                                                  .parent = {},
                                                  .name = container.name,
                                                  .version = {}}));
  if (observer_ != nullptr) CICLO_CHECK(observer_->container_stored(session, *stored));
  return *std::move(stored);
}

Result<void> ResourceStore::erase_container(sql::Session& session, const ResourceKey& name) const {
  for (const char* table : {"resources", "resource_labels", "resource_containers"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE workspace = ? AND kind = ? AND name = ?", table),
                                {name.workspace, name.kind, name.name}));
  return observer_ != nullptr ? observer_->container_erased(session, name) : Result<void>();
}

Result<void> ResourceStore::rename_container(sql::Session& session, const ResourceKey& name,
                                             const std::string& new_name) const {
  const TimePoint now = clock_.now();
  for (const char* table : {"resources", "resource_containers"})
    CICLO_CHECK(session.execute(
        fmt::format("UPDATE {} SET name = ?, updated_ms = ? WHERE workspace = ? AND kind = ? AND name = ?", table),
        {new_name, to_unix_ms(now), name.workspace, name.kind, name.name}));
  CICLO_CHECK(session.execute("UPDATE resource_labels SET name = ? WHERE workspace = ? AND kind = ? AND name = ?",
                              {new_name, name.workspace, name.kind, name.name}));
  return observer_ != nullptr ? observer_->container_renamed(session, name, new_name, now) : Result<void>();
}

Result<Page<Container>> ResourceStore::list_containers(sql::Session& session, const ListRequest& request) const {
  std::string where = "c.workspace = ? AND c.kind = ?";
  std::vector<sql::Value> parameters = {request.workspace, request.kind};
  if (request.only_archived) where += " AND c.archived = 1";
  else if (!request.include_archived) where += " AND c.archived = 0";
  add_names_filter(request, "c.name", where, parameters);
  CICLO_CHECK(add_page_filter(request, where, parameters));
  const std::size_t limit = page_limit(request);
  parameters.emplace_back(limit + 1);
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM resource_containers c WHERE {} ORDER BY c.sequence {} LIMIT ?",
                                      columns, where, request.newest_first ? "DESC" : "ASC"),
                          std::span<const sql::Value>(parameters)));
  Page<Container> page;
  for (const auto& row : rows) {
    if (page.items.size() == limit) {
      page.next_page_token = std::to_string(page.items.back().sequence);
      break;
    }
    CICLO_TRY(auto container, from_row(row));
    page.items.push_back(std::move(container));
  }
  CICLO_CHECK(load_labels(session, page.items));
  return page;
}

}  // namespace ciclo::resources
