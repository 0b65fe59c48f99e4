#include "outer_loop/triggers/store.hpp"

#include <fmt/format.h>

#include <array>

namespace ciclo::outer_loop {
namespace {

constexpr std::array<sql::Migration, 1> kSteps = {{{"triggers", 1, R"(
  CREATE TABLE trigger_states (
    trigger_uid TEXT PRIMARY KEY,
    cursor_sequence BIGINT NOT NULL,
    last_fired_ms BIGINT,
    fired_day BIGINT NOT NULL,
    fired_on_day BIGINT NOT NULL);
  CREATE TABLE trigger_fires (
    trigger_uid TEXT NOT NULL,
    event_sequence BIGINT NOT NULL,
    workspace TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event_subject TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    result TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_ms BIGINT NOT NULL,
    PRIMARY KEY (trigger_uid, event_sequence));
  CREATE INDEX trigger_fires_by_state ON trigger_fires (trigger_uid, state, event_sequence);
)"}}};

constexpr std::string_view kColumns =
    "trigger_uid, event_sequence, workspace, trigger_name, event_id, event_type, event_subject, time_ms, state, "
    "reason, "
    "result, attempts, next_attempt_ms";

Result<std::vector<FireRecord>> records_of(const std::vector<sql::Row>& rows) {
  std::vector<FireRecord> records;
  for (const auto& row : rows) {
    FireRecord record;
    record.trigger_uid = row.text(0);
    record.event_sequence = row.integer(1);
    record.workspace = row.text(2);
    record.trigger_name = row.text(3);
    record.event_id = row.text(4);
    record.event_type = row.text(5);
    record.event_subject = row.text(6);
    record.time = from_unix_ms(row.integer(7));
    record.state = row.text(8);
    record.reason = row.text(9);
    CICLO_TRY(record.result, parse_json(row.text(10)));
    record.attempts = row.integer(11);
    record.next_attempt = from_unix_ms(row.integer(12));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

Json to_json(const FireRecord& record) {
  Json json = {{"trigger", record.trigger_name},
               {"state", record.state},
               {"time", format_rfc3339(record.time)},
               {"event",
                {{"id", record.event_id},
                 {"type", record.event_type},
                 {"subject", record.event_subject},
                 {"sequence", record.event_sequence}}}};
  if (!record.reason.empty()) json["reason"] = record.reason;
  if (!record.result.empty()) json["result"] = record.result;
  if (record.attempts > 0) json["attempts"] = record.attempts;
  return json;
}

Result<std::optional<TriggerState>> TriggerStore::find_state(sql::Session& session,
                                                             const std::string& trigger_uid) const {
  CICLO_TRY(const auto row, session.query_one("SELECT cursor_sequence, last_fired_ms, fired_day, fired_on_day FROM "
                                              "trigger_states WHERE trigger_uid = ?",
                                              {trigger_uid}));
  if (!row) return std::nullopt;
  TriggerState state;
  state.cursor = row->integer(0);
  if (!row->is_null(1)) state.history.last_fired = from_unix_ms(row->integer(1));
  state.history.day = row->integer(2);
  state.history.fired_on_day = row->integer(3);
  return state;
}

Result<void> TriggerStore::put_state(sql::Session& session, const std::string& trigger_uid,
                                     const TriggerState& state) const {
  std::optional<std::int64_t> last_fired;
  if (state.history.last_fired) last_fired = to_unix_ms(*state.history.last_fired);
  CICLO_CHECK(session.execute(
      "INSERT INTO trigger_states (trigger_uid, cursor_sequence, last_fired_ms, fired_day, fired_on_day) VALUES "
      "(?,?,?,?,?) ON CONFLICT (trigger_uid) DO UPDATE SET cursor_sequence = excluded.cursor_sequence, last_fired_ms = "
      "excluded.last_fired_ms, fired_day = excluded.fired_day, fired_on_day = excluded.fired_on_day",
      {trigger_uid, state.cursor, last_fired, state.history.day, state.history.fired_on_day}));
  return {};
}

Result<void> TriggerStore::insert(sql::Session& session, const FireRecord& record) const {
  CICLO_CHECK(
      session.execute(fmt::format("INSERT INTO trigger_fires ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", kColumns),
                      {record.trigger_uid, record.event_sequence, record.workspace, record.trigger_name,
                       record.event_id, record.event_type, record.event_subject, to_unix_ms(record.time), record.state,
                       record.reason, to_text(record.result), record.attempts, to_unix_ms(record.next_attempt)}));
  return {};
}

Result<void> TriggerStore::update(sql::Session& session, const FireRecord& record) const {
  CICLO_CHECK(
      session.execute("UPDATE trigger_fires SET state = ?, reason = ?, attempts = ?, next_attempt_ms = ? WHERE "
                      "trigger_uid = ? AND event_sequence = ?",
                      {record.state, record.reason, record.attempts, to_unix_ms(record.next_attempt),
                       record.trigger_uid, record.event_sequence}));
  return {};
}

Result<std::vector<FireRecord>> TriggerStore::list(sql::Session& session, const ListRequest& request) const {
  const std::int64_t before = request.before > 0 ? request.before : INT64_MAX;
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM trigger_fires WHERE trigger_uid = ? AND event_sequence < ? "
                                      "ORDER BY event_sequence DESC LIMIT ?",
                                      kColumns),
                          {request.trigger_uid, before, request.limit}));
  return records_of(rows);
}

Result<std::vector<FireRecord>> TriggerStore::pending(sql::Session& session, const std::string& trigger_uid) const {
  CICLO_TRY(const auto rows,
            session.query(fmt::format("SELECT {} FROM trigger_fires WHERE trigger_uid = ? AND state = 'pending' "
                                      "ORDER BY event_sequence LIMIT 100",
                                      kColumns),
                          {trigger_uid}));
  return records_of(rows);
}

std::vector<sql::Migration> trigger_migrations() {
  return {kSteps.begin(), kSteps.end()};
}

}  // namespace ciclo::outer_loop
