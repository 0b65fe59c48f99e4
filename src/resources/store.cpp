#include "resources/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "resources/scan.hpp"
#include "resources/store_internal.hpp"

namespace ciclo::resources {
namespace {

constexpr std::string_view columns =
    "sequence, uid, workspace, kind, parent, name, version, owner, spec, status, tags, archived, deleting, revision, "
    "generation, created_by, updated_by, created_ms, updated_ms";

Result<Resource> from_row(const sql::Row& row) {
  Resource resource;
  resource.sequence = row.integer(0);
  resource.uid = row.text(1);
  resource.key = {.workspace = row.text(2),
                  .kind = row.text(3),
                  .parent = row.text(4),
                  .name = row.text(5),
                  .version = row.text(6)};
  resource.owner = row.text(7);
  CICLO_TRY(resource.spec, parse_json(row.text(8)));
  CICLO_TRY(resource.status, parse_json(row.text(9)));
  CICLO_TRY(resource.tags, parse_json(row.text(10)));
  resource.archived = row.integer(11) != 0;
  resource.deleting = row.integer(12) != 0;
  resource.revision = row.integer(13);
  resource.generation = row.integer(14);
  resource.created_by = row.text(15);
  resource.updated_by = row.text(16);
  resource.created_at = from_unix_ms(row.integer(17));
  resource.updated_at = from_unix_ms(row.integer(18));
  return resource;
}

Result<std::vector<std::string>> names_of(sql::Session& session, const ResourceKey& key) {
  CICLO_TRY(const auto rows, session.query("SELECT DISTINCT name FROM resources WHERE workspace = ? AND kind = ? AND "
                                           "parent = ? LIMIT 500",
                                           {key.workspace, key.kind, key.parent}));
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.text(0));
  return names;
}

// The WHERE clause of a list, with its parameters.
struct Filter {
  std::string where = "workspace = ? AND kind = ?";
  std::vector<sql::Value> parameters;

  void add(std::string_view clause, sql::Value value) {
    where.append(" AND ").append(clause);
    parameters.push_back(std::move(value));
  }
};

Result<Filter> filter_of(const ListRequest& request) {
  Filter filter;
  filter.parameters = {request.workspace, request.kind};
  if (request.parent) filter.add("parent = ?", *request.parent);
  if (request.name) filter.add("name = ?", *request.name);
  if (request.owner) filter.add("owner = ?", *request.owner);
  add_names_filter(request, "name", filter.where, filter.parameters);
  if (request.only_archived) filter.where += " AND archived = 1";
  else if (!request.include_archived) filter.where += " AND archived = 0";
  CICLO_CHECK(add_page_filter(request, filter.where, filter.parameters));
  return filter;
}

bool has_tags(const Json& tags, const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::ranges::all_of(
      wanted, [&](const auto& tag) { return text_or(tags, tag.first) == tag.second && tags.contains(tag.first); });
}

}  // namespace

Result<void> add_page_filter(const ListRequest& request, std::string& where, std::vector<sql::Value>& parameters) {
  if (request.page_token.empty()) return {};
  const auto after = parse_int(request.page_token);
  if (!after) return fail(ErrorCode::invalid, "the page token is not one that this server gave", "page_token");
  where += request.newest_first ? " AND sequence < ?" : " AND sequence > ?";
  parameters.emplace_back(*after);
  return {};
}

void add_names_filter(const ListRequest& request, std::string_view column, std::string& where,
                      std::vector<sql::Value>& parameters) {
  if (!request.only_names) return;
  where.append(" AND ").append(column).append(" IN (");
  for (std::size_t i = 0; i < request.only_names->size(); ++i) where += i == 0 ? "?" : ",?";
  where += request.only_names->empty() ? "NULL)" : ")";
  parameters.insert(parameters.end(), request.only_names->begin(), request.only_names->end());
}

std::size_t page_limit(const ListRequest& request) {
  return std::clamp<std::size_t>(request.limit, 1, 1000);
}

std::string placeholders(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "?" : ",?";
  return text;
}

Result<Resource> ResourceStore::insert(sql::Session& session, Resource resource) const {
  const ResourceKey& key = resource.key;
  resource.uid = new_uid();
  resource.revision = 1;
  resource.generation = 1;
  resource.created_at = resource.updated_at = clock_.now();
  resource.updated_by = resource.created_by;
  const auto inserted = session.query(
      "INSERT INTO resources (uid, workspace, kind, parent, name, version, owner, spec, status, tags, archived, "
      "deleting, "
      "revision, generation, created_by, updated_by, created_ms, updated_ms) VALUES "
      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
      "RETURNING sequence",
      {resource.uid, key.workspace, key.kind, key.parent, key.name, key.version, resource.owner, to_text(resource.spec),
       to_text(resource.status), to_text(resource.tags), resource.archived, resource.deleting, resource.revision,
       resource.generation, resource.created_by, resource.updated_by, to_unix_ms(resource.created_at),
       to_unix_ms(resource.updated_at)});
  if (!inserted) {
    if (inserted.error().code != ErrorCode::already_exists) return Failure(inserted.error());
    return fail(ErrorCode::already_exists,
                fmt::format("there is already a {} '{}'{}", key.kind, key.name,
                            key.version.empty() ? "" : " version " + key.version),
                "/name",
                key.version.empty() ? "choose another name or update it" : "leave the version out to get the next one");
  }
  resource.sequence = inserted->front().integer(0);
  if (!key.version.empty()) CICLO_CHECK(touch_container(session, resource));
  if (observer_ != nullptr) CICLO_CHECK(observer_->stored(session, resource));
  return resource;
}

Result<Resource> ResourceStore::update(sql::Session& session, Resource resource) const {
  const ResourceKey& key = resource.key;
  const std::int64_t before = resource.revision;
  resource.revision = before + 1;
  resource.updated_at = clock_.now();
  CICLO_TRY(const auto changed,
            session.execute(
                "UPDATE resources SET spec = ?, status = ?, tags = ?, archived = ?, deleting = ?, revision = ?, "
                "generation = ?, updated_by = ?, updated_ms = ? WHERE workspace = ? AND kind = ? AND parent = ? "
                "AND name = ? AND version = ? AND revision = ?",
                {to_text(resource.spec), to_text(resource.status), to_text(resource.tags), resource.archived,
                 resource.deleting, resource.revision, resource.generation, resource.updated_by,
                 to_unix_ms(resource.updated_at), key.workspace, key.kind, key.parent, key.name, key.version, before}));
  if (changed == 1) {
    if (observer_ != nullptr) CICLO_CHECK(observer_->stored(session, resource));
    return resource;
  }
  CICLO_CHECK(get(session, key));
  return fail(ErrorCode::conflict, fmt::format("{} '{}' was changed by someone else meanwhile", key.kind, key.name), {},
              "read it again and repeat the change");
}

Result<void> ResourceStore::erase(sql::Session& session, const ResourceKey& key) const {
  CICLO_CHECK(session.execute(
      "DELETE FROM resources WHERE workspace = ? AND kind = ? AND parent = ? AND name = ? AND version = ?",
      {key.workspace, key.kind, key.parent, key.name, key.version}));
  if (observer_ != nullptr) CICLO_CHECK(observer_->erased(session, key));
  if (key.version.empty()) return {};
  CICLO_CHECK(keep_number(session, key));
  CICLO_CHECK(
      session.execute("DELETE FROM resource_labels WHERE workspace = ? AND kind = ? AND name = ? AND version = ?",
                      {key.workspace, key.kind, key.name, key.version}));
  return {};
}

Result<std::optional<Resource>> ResourceStore::find(sql::Session& session, const ResourceKey& key) const {
  CICLO_TRY(const auto row,
            session.query_one(
                fmt::format("SELECT {} FROM resources WHERE workspace = ? AND kind = ? AND parent = ? AND name = ? "
                            "AND version = ?",
                            columns),
                {key.workspace, key.kind, key.parent, key.name, key.version}));
  if (!row) return std::optional<Resource>();
  CICLO_TRY(auto resource, from_row(*row));
  return std::optional<Resource>(std::move(resource));
}

Result<Resource> ResourceStore::get(sql::Session& session, const ResourceKey& key) const {
  CICLO_TRY(auto found, find(session, key));
  if (found) return *std::move(found);
  CICLO_TRY(const auto names, names_of(session, key));
  const bool name_exists = std::ranges::find(names, key.name) != names.end();
  const auto near = nearest(key.name, names);
  return fail(ErrorCode::not_found,
              name_exists && !key.version.empty()
                  ? fmt::format("there is no version '{}' of the {} '{}'", key.version, key.kind, key.name)
                  : fmt::format("there is no {} '{}'{}", key.kind, key.name,
                                key.workspace.empty() ? "" : fmt::format(" in workspace '{}'", key.workspace)),
              {}, !name_exists && near ? fmt::format("did you mean '{}'?", *near) : "");
}

Result<Resource> ResourceStore::get_by_uid(sql::Session& session, const std::string& uid) const {
  CICLO_TRY(const auto row, session.query_one(fmt::format("SELECT {} FROM resources WHERE uid = ?", columns), {uid}));
  if (!row) return fail(ErrorCode::not_found, fmt::format("there is no resource with the id '{}'", uid));
  return from_row(*row);
}

Result<std::vector<Resource>> made_after(sql::Session& session, std::int64_t sequence, std::size_t limit) {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM resources WHERE sequence > ? ORDER BY sequence LIMIT ?", columns),
                          {sequence, limit}));
  std::vector<Resource> made;
  for (const auto& row : rows) {
    CICLO_TRY(auto resource, from_row(row));
    made.push_back(std::move(resource));
  }
  return made;
}

Result<Page<Resource>> ResourceStore::list(sql::Session& session, const ListRequest& request) const {
  CICLO_TRY(Filter filter, filter_of(request));
  const std::size_t limit = page_limit(request);
  // Tags are filtered here; with a tag filter further rows are read until the page is full or the rows end.
  Page<Resource> page;
  ListRequest rest = request;
  while (true) {
    auto parameters = filter.parameters;
    parameters.emplace_back(limit + 1);
    CICLO_TRY(const auto rows,
              session.query(fmt::format("SELECT {} FROM resources WHERE {} ORDER BY sequence {} LIMIT ?", columns,
                                        filter.where, request.newest_first ? "DESC" : "ASC"),
                            std::span<const sql::Value>(parameters)));
    for (const auto& row : rows) {
      CICLO_TRY(auto resource, from_row(row));
      if (page.items.size() == limit) {
        page.next_page_token = std::to_string(page.items.back().sequence);
        return page;
      }
      rest.page_token = std::to_string(resource.sequence);
      if (has_tags(resource.tags, request.tags)) page.items.push_back(std::move(resource));
    }
    if (rows.size() <= limit) return page;
    CICLO_TRY(filter, filter_of(rest));
  }
}

Result<std::vector<Resource>> ResourceStore::find_all(sql::Session& session,
                                                      const std::vector<std::int64_t>& sequences) const {
  std::map<std::int64_t, Resource> found;
  for (std::size_t begin = 0; begin < sequences.size(); begin += list_piece) {
    const std::size_t count = std::min(list_piece, sequences.size() - begin);
    std::vector<sql::Value> parameters;
    for (std::size_t i = begin; i < begin + count; ++i) parameters.emplace_back(sequences[i]);
    CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {} FROM resources WHERE sequence IN ({})", columns,
                                                         placeholders(count)),
                                             std::span<const sql::Value>(parameters)));
    for (const auto& row : rows) {
      CICLO_TRY(auto resource, from_row(row));
      found.emplace(resource.sequence, std::move(resource));
    }
  }
  std::vector<Resource> ordered;
  for (const std::int64_t sequence : sequences)
    if (auto one = found.extract(sequence)) ordered.push_back(std::move(one.mapped()));
  return ordered;
}

}  // namespace ciclo::resources
