#include "administration/access/store.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t id_bytes = 6;
constexpr std::string_view assignment_columns =
    "id, principal, role, workspace, component, resource, mode, longest_s, needs_approval, approver, origin, "
    "expires_ms, created_by, created_ms";
constexpr std::string_view group_columns =
    "name, display_name, description, level, unit, persona, external_names, created_by, created_ms";
constexpr std::string_view member_columns = "group_name, member, only_workspace, source, added_by, added_ms";
constexpr std::string_view activation_columns =
    "id, assignment_id, principal, role, workspace, component, resource, reason, state, duration_s, requested_ms, "
    "starts_ms, ends_ms, decided_by, comment";

std::optional<TimePoint> time_at(const sql::Row& row, std::size_t column) {
  const auto ms = row.optional_integer(column);
  return ms ? std::optional(from_unix_ms(*ms)) : std::nullopt;
}

sql::Value value_of(const std::optional<TimePoint>& time) {
  return time ? sql::Value(to_unix_ms(*time)) : sql::Value();
}

Result<Assignment> assignment_of(const sql::Row& row) {
  return Assignment{.id = row.text(0),
                    .principal = row.text(1),
                    .role = row.text(2),
                    .scope = {.workspace = row.text(3), .component = row.text(4), .resource = row.text(5)},
                    .mode = row.text(6) == "eligible" ? AssignmentMode::eligible : AssignmentMode::active,
                    .rules = {.longest = std::chrono::seconds(row.integer(7)),
                              .needs_approval = row.integer(8) != 0,
                              .approver = row.text(9)},
                    .origin = row.text(10),
                    .expires_at = time_at(row, 11),
                    .created_by = row.text(12),
                    .created_at = from_unix_ms(row.integer(13))};
}

Result<Membership> membership_of(const sql::Row& row) {
  return Membership{.group = row.text(0),
                    .member = row.text(1),
                    .only_workspace = row.text(2),
                    .source = row.text(3),
                    .added_by = row.text(4),
                    .added_at = from_unix_ms(row.integer(5))};
}

Result<Group> group_of(const sql::Row& row) {
  Group group{.name = row.text(0), .display_name = row.text(1), .description = row.text(2)};
  CICLO_TRY(group.level, parse_group_level(row.text(3)));
  group.unit = row.text(4);
  group.persona = row.text(5);
  CICLO_TRY(const Json names, parse_json(row.text(6)));
  for (const Json& name : names) group.external_names.push_back(name.get<std::string>());
  group.created_by = row.text(7);
  group.created_at = from_unix_ms(row.integer(8));
  return group;
}

Result<Activation> activation_of(const sql::Row& row) {
  Activation activation{.id = row.text(0),
                        .assignment_id = row.text(1),
                        .principal = row.text(2),
                        .role = row.text(3),
                        .scope = {.workspace = row.text(4), .component = row.text(5), .resource = row.text(6)},
                        .reason = row.text(7)};
  CICLO_TRY(activation.state, parse_activation_state(row.text(8)));
  activation.duration = std::chrono::seconds(row.integer(9));
  activation.requested_at = from_unix_ms(row.integer(10));
  activation.starts_at = time_at(row, 11);
  activation.ends_at = time_at(row, 12);
  activation.decided_by = row.text(13);
  activation.comment = row.text(14);
  return activation;
}

template <class Item>
Result<std::vector<Item>> read_all(sql::Session& session, const std::string& statement,
                                   std::initializer_list<sql::Value> parameters,
                                   Result<Item> (*read)(const sql::Row&)) {
  CICLO_TRY(const auto rows, session.query(statement, parameters));
  std::vector<Item> items;
  for (const auto& row : rows) {
    CICLO_TRY(Item item, read(row));
    items.push_back(std::move(item));
  }
  return items;
}

// The resource itself and its versions, as far as somebody has a role on them or had.
Result<std::vector<std::string>> subjects_within(sql::Session& session, const std::string& workspace,
                                                 const std::string& subject) {
  CICLO_TRY(const auto rows,
            session.query("SELECT resource FROM access_assignments WHERE workspace = ? AND resource <> '' UNION SELECT "
                          "resource FROM access_activations WHERE workspace = ? AND resource <> ''",
                          {workspace, workspace}));
  std::vector<std::string> subjects;
  for (const sql::Row& row : rows)
    if (row.text(0) == subject || row.text(0).starts_with(subject + ":")) subjects.push_back(row.text(0));
  return subjects;
}

template <class Item>
Result<std::optional<Item>> first_of(Result<std::vector<Item>> items) {
  if (!items) return Failure(std::move(items).error());
  return items->empty() ? std::optional<Item>() : std::optional<Item>(std::move(items->front()));
}

}  // namespace

Result<AccessFacts> AccessStore::read_facts(sql::Session& session) const {
  AccessFacts facts;
  CICLO_TRY(facts.assignments,
            read_all(session, fmt::format("SELECT {} FROM access_assignments ORDER BY id", assignment_columns), {},
                     assignment_of));
  CICLO_TRY(facts.memberships,
            read_all(session, fmt::format("SELECT {} FROM access_members", member_columns), {}, membership_of));
  CICLO_TRY(
      facts.activations,
      read_all(session, fmt::format("SELECT {} FROM access_activations WHERE state = 'active'", activation_columns), {},
               activation_of));
  return facts;
}

Result<Assignment> AccessStore::put(sql::Session& session, Assignment assignment) const {
  if (assignment.id.empty()) assignment.id = random_hex(id_bytes);
  const Scope& scope = assignment.scope;
  const std::string statement = fmt::format(
      "INSERT INTO access_assignments ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,CAST(? AS BIGINT),?,?) ON CONFLICT "
      "(principal, "
      "role, workspace, component, resource, mode) DO UPDATE SET longest_s = excluded.longest_s, needs_approval = "
      "excluded.needs_approval, approver = excluded.approver, expires_ms = excluded.expires_ms RETURNING {}",
      assignment_columns, assignment_columns);
  CICLO_TRY(auto stored,
            read_all(session, statement,
                     {assignment.id, assignment.principal, assignment.role, scope.workspace, scope.component,
                      scope.resource, name_of(assignment.mode), std::int64_t{assignment.rules.longest.count()},
                      assignment.rules.needs_approval, assignment.rules.approver, assignment.origin,
                      value_of(assignment.expires_at), assignment.created_by, to_unix_ms(assignment.created_at)},
                     assignment_of));
  return std::move(stored.at(0));
}

Result<std::optional<Assignment>> AccessStore::find(sql::Session& session, const std::string& id) const {
  return first_of(read_all(session, fmt::format("SELECT {} FROM access_assignments WHERE id = ?", assignment_columns),
                           {id}, assignment_of));
}

Result<void> AccessStore::erase(sql::Session& session, const std::string& id) const {
  CICLO_CHECK(session.execute(
      "UPDATE access_activations SET state = 'ended' WHERE assignment_id = ? AND state IN ('pending', 'active')",
      {id}));
  CICLO_CHECK(session.execute("DELETE FROM access_assignments WHERE id = ?", {id}));
  return {};
}

Result<void> AccessStore::erase_origin(sql::Session& session, const std::string& workspace,
                                       const std::string& origin) const {
  CICLO_TRY(const auto assignments, list_in(session, workspace));
  for (const Assignment& assignment : assignments)
    if (assignment.origin == origin) CICLO_CHECK(erase(session, assignment.id));
  return {};
}

Result<std::vector<Assignment>> AccessStore::list_in(sql::Session& session, const std::string& workspace) const {
  return read_all(session,
                  fmt::format("SELECT {} FROM access_assignments WHERE workspace = ? ORDER BY principal, component, "
                              "resource, role",
                              assignment_columns),
                  {workspace}, assignment_of);
}

Result<void> AccessStore::put_group(sql::Session& session, const Group& group) const {
  CICLO_CHECK(session.execute(
      fmt::format("INSERT INTO access_groups ({}) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET "
                  "display_name = excluded.display_name, description = excluded.description, level = excluded.level, "
                  "unit = excluded.unit, persona = excluded.persona, external_names = excluded.external_names",
                  group_columns),
      {group.name, group.display_name, group.description, name_of(group.level), group.unit, group.persona,
       to_text(Json(group.external_names)), group.created_by, to_unix_ms(group.created_at)}));
  return {};
}

Result<std::optional<Group>> AccessStore::find_group(sql::Session& session, const std::string& name) const {
  return first_of(
      read_all(session, fmt::format("SELECT {} FROM access_groups WHERE name = ?", group_columns), {name}, group_of));
}

Result<std::vector<Group>> AccessStore::list_groups(sql::Session& session) const {
  return read_all(session, fmt::format("SELECT {} FROM access_groups ORDER BY name", group_columns), {}, group_of);
}

Result<void> AccessStore::erase_group(sql::Session& session, const std::string& name) const {
  CICLO_CHECK(session.execute("DELETE FROM access_members WHERE group_name = ?", {group_id(name)}));
  CICLO_CHECK(erase_principal(session, group_id(name)));
  CICLO_CHECK(session.execute("DELETE FROM access_groups WHERE name = ?", {name}));
  return {};
}

Result<bool> AccessStore::add_member(sql::Session& session, const Membership& membership) const {
  CICLO_TRY(const auto added,
            session.execute(
                fmt::format("INSERT INTO access_members ({}) VALUES (?,?,?,?,?,?) ON CONFLICT (group_name, member, "
                            "only_workspace, source) DO NOTHING",
                            member_columns),
                {membership.group, membership.member, membership.only_workspace, membership.source, membership.added_by,
                 to_unix_ms(membership.added_at)}));
  return added > 0;
}

Result<std::int64_t> AccessStore::remove_member(sql::Session& session, const Membership& membership) const {
  return session.execute("DELETE FROM access_members WHERE group_name = ? AND member = ? AND only_workspace = ?",
                         {membership.group, membership.member, membership.only_workspace});
}

Result<std::vector<Membership>> AccessStore::list_members(sql::Session& session, const std::string& group) const {
  return read_all(
      session,
      fmt::format("SELECT {} FROM access_members WHERE group_name = ? ORDER BY member, only_workspace", member_columns),
      {group}, membership_of);
}

Result<std::vector<std::string>> AccessStore::groups_from(sql::Session& session, const std::string& member,
                                                          const std::string& source) const {
  CICLO_TRY(const auto rows,
            session.query("SELECT group_name FROM access_members WHERE member = ? AND source = ?", {member, source}));
  std::vector<std::string> groups;
  for (const sql::Row& row : rows) groups.push_back(row.text(0));
  return groups;
}

Result<void> AccessStore::erase_memberships_of(sql::Session& session, const std::string& member,
                                               const std::string& source) const {
  CICLO_CHECK(session.execute("DELETE FROM access_members WHERE member = ? AND source = ?", {member, source}));
  return {};
}

Result<void> AccessStore::erase_principal(sql::Session& session, const std::string& principal) const {
  CICLO_CHECK(session.execute("DELETE FROM access_members WHERE member = ?", {principal}));
  CICLO_CHECK(session.execute("DELETE FROM access_assignments WHERE principal = ?", {principal}));
  CICLO_CHECK(session.execute(
      "UPDATE access_activations SET state = 'ended' WHERE principal = ? AND state IN ('pending', 'active')",
      {principal}));
  return {};
}

Result<void> AccessStore::erase_workspace(sql::Session& session, const std::string& workspace) const {
  CICLO_CHECK(session.execute("DELETE FROM access_members WHERE only_workspace = ?", {workspace}));
  CICLO_CHECK(session.execute("DELETE FROM access_assignments WHERE workspace = ?", {workspace}));
  CICLO_CHECK(session.execute(
      "UPDATE access_activations SET state = 'ended' WHERE workspace = ? AND state IN ('pending', 'active')",
      {workspace}));
  CICLO_TRY(const auto groups, list_groups(session));
  for (const Group& group : groups)
    if (group.level == GroupLevel::workspace && group.unit == workspace) CICLO_CHECK(erase_group(session, group.name));
  return {};
}

Result<std::int64_t> AccessStore::erase_resource(sql::Session& session, const std::string& workspace,
                                                 const std::string& subject) const {
  CICLO_TRY(const auto subjects, subjects_within(session, workspace, subject));
  std::int64_t erased = 0;
  for (const std::string& each : subjects) {
    CICLO_CHECK(session.execute(
        "UPDATE access_activations SET state = 'ended' WHERE workspace = ? AND resource = ? AND state IN ('pending', "
        "'active')",
        {workspace, each}));
    CICLO_TRY(const auto count, session.execute("DELETE FROM access_assignments WHERE workspace = ? AND resource = ?",
                                                {workspace, each}));
    erased += count;
  }
  return erased;
}

Result<void> AccessStore::rename_resource(sql::Session& session, const std::string& workspace,
                                          const std::string& before, const std::string& after) const {
  CICLO_CHECK(erase_resource(session, workspace, after));
  CICLO_TRY(const auto subjects, subjects_within(session, workspace, before));
  for (const char* table : {"access_assignments", "access_activations"})
    for (const std::string& old : subjects)
      CICLO_CHECK(session.execute(fmt::format("UPDATE {} SET resource = ? WHERE workspace = ? AND resource = ?", table),
                                  {after + old.substr(before.size()), workspace, old}));
  return {};
}

Result<void> AccessStore::put_activation(sql::Session& session, const Activation& activation) const {
  CICLO_CHECK(session.execute(
      fmt::format("INSERT INTO access_activations ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,CAST(? AS BIGINT),CAST(? AS "
                  "BIGINT),?,?) ON CONFLICT (id) DO UPDATE SET state = excluded.state, starts_ms = excluded.starts_ms, "
                  "ends_ms = excluded.ends_ms, decided_by = excluded.decided_by, comment = excluded.comment",
                  activation_columns),
      {activation.id, activation.assignment_id, activation.principal, activation.role, activation.scope.workspace,
       activation.scope.component, activation.scope.resource, activation.reason, name_of(activation.state),
       std::int64_t{activation.duration.count()}, to_unix_ms(activation.requested_at), value_of(activation.starts_at),
       value_of(activation.ends_at), activation.decided_by, activation.comment}));
  return {};
}

Result<std::optional<Activation>> AccessStore::find_activation(sql::Session& session, const std::string& id) const {
  return first_of(read_all(session, fmt::format("SELECT {} FROM access_activations WHERE id = ?", activation_columns),
                           {id}, activation_of));
}

Result<std::vector<Activation>> AccessStore::list_activations(sql::Session& session,
                                                              const std::string& workspace) const {
  return read_all(session,
                  fmt::format("SELECT {} FROM access_activations WHERE workspace = ? ORDER BY requested_ms DESC, id "
                              "LIMIT 1000",
                              activation_columns),
                  {workspace}, activation_of);
}

Result<std::vector<Activation>> AccessStore::list_open_activations(sql::Session& session) const {
  return read_all(session,
                  fmt::format("SELECT {} FROM access_activations WHERE state IN ('pending', 'active') ORDER BY "
                              "requested_ms, id",
                              activation_columns),
                  {}, activation_of);
}

}  // namespace ciclo::administration
