#include "platform/events/event_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>

#include "base/ids.hpp"

namespace ciclo::events {

namespace {

// More than append() can have been given by a request, so that what is in the log can always be read.
constexpr JsonLimits stored_limits = {.max_bytes = std::size_t{256} << 20U, .max_depth = 512};

constexpr std::size_t max_limit = 10'000;
constexpr std::string_view columns = "sequence, id, type, source, subject, workspace, actor, time_ms, data";

constexpr std::array<sql::Migration, 1> steps = {{{"events", 1, R"(
  CREATE TABLE events (
    sequence {{auto_id}},
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    workspace TEXT NOT NULL,
    actor TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    data TEXT NOT NULL);
  CREATE INDEX events_by_workspace ON events (workspace, sequence);
  CREATE INDEX events_by_subject ON events (workspace, subject, sequence);
)"}}};

Result<Event> event_of(const sql::Row& row) {
  Event event;
  event.sequence = row.integer(0);
  event.id = row.text(1);
  event.type = row.text(2);
  event.source = row.text(3);
  event.subject = row.text(4);
  event.workspace = row.text(5);
  event.actor = row.text(6);
  event.time = from_unix_ms(row.integer(7));
  auto data = parse_json(row.text(8), stored_limits);
  if (!data) {
    data.error().add_context(fmt::format("event {} holds no valid JSON", event.sequence));
    data.error().code = ErrorCode::internal;
    return std::unexpected<Error>(std::move(data).error());
  }
  event.data = *std::move(data);
  return event;
}

Result<std::vector<Event>> events_of(const std::vector<sql::Row>& rows) {
  std::vector<Event> events;
  events.reserve(rows.size());
  for (const sql::Row& row : rows) {
    CICLO_TRY(Event event, event_of(row));
    events.push_back(std::move(event));
  }
  return events;
}

// PostgreSQL gives sequence numbers when asked, not when committing: with several servers a reader could see 8,
// remember it and miss a 7 committed later. Who appends therefore holds this lock to the end of its transaction.
constexpr std::string_view lock_order = "SELECT pg_advisory_xact_lock(4851938202)";

struct Condition {
  std::string sql;
  std::vector<sql::Value> parameters;
};

Condition condition_of(const ListRequest& request) {
  Condition condition{"sequence > ?", {request.after}};
  const auto add = [&](std::string_view sql, std::initializer_list<sql::Value> parameters) {
    condition.sql += " AND ";
    condition.sql += sql;
    condition.parameters.insert(condition.parameters.end(), parameters);
  };
  if (request.before > 0) add("sequence < ?", {request.before});
  if (request.workspace) add("workspace = ?", {*request.workspace});
  if (!request.subject.empty()) add("subject = ?", {request.subject});
  if (!request.type_prefix.empty()) {
    add("substr(type, 1, length(?)) = ?", {request.type_prefix, request.type_prefix});
  }
  return condition;
}

}  // namespace

class EventLog::Subscribers {
 public:
  std::uint64_t add(std::function<void()> wake) {
    const std::scoped_lock lock(mutex_);
    wakes_.emplace(++last_, std::move(wake));
    return last_;
  }
  void remove(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    wakes_.erase(id);
  }
  // Under the lock: once remove() has returned, that subscriber is never called again.
  void wake_all() {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, wake] : wakes_) wake();
  }

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::function<void()>> wakes_;
};

EventLog::EventLog(sql::Database& database, const Clock& clock)
    : database_(database), clock_(clock), subscribers_(std::make_shared<Subscribers>()) {}

EventLog::~EventLog() = default;

Result<std::int64_t> EventLog::append(sql::Session& session, Event event) {
  if (event.type.empty() || event.source.empty()) {
    return fail(ErrorCode::internal, "an event needs a type and a source");
  }
  if (event.id.empty()) event.id = new_uid();
  if (event.time == TimePoint()) event.time = clock_.now();
  if (session.dialect() == sql::Dialect::postgresql) {
    CICLO_TRY(std::ignore, session.query(lock_order));
  }
  CICLO_TRY(const auto row,
            session.query_one("INSERT INTO events (id, type, source, subject, workspace, actor, time_ms, data) "
                              "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING sequence",
                              {event.id, event.type, event.source, event.subject, event.workspace, event.actor,
                               to_unix_ms(event.time), to_text(event.data)}));
  if (!row) return fail(ErrorCode::internal, "the database gave the event no sequence number");
  session.after_commit([subscribers = subscribers_] { subscribers->wake_all(); });
  return row->integer(0);
}

Result<std::vector<Event>> EventLog::read_after(std::int64_t sequence, std::size_t limit) {
  return list({.after = sequence, .limit = limit});
}

Result<std::vector<Event>> EventLog::list(const ListRequest& request) {
  Condition condition = condition_of(request);
  condition.parameters.emplace_back(std::min(request.limit, max_limit));
  const std::string sql =
      fmt::format("SELECT {} FROM events WHERE {} ORDER BY sequence {} LIMIT ?", columns, condition.sql,
                  request.order == ListRequest::Order::oldest_first ? "ASC" : "DESC");
  CICLO_TRY(const auto rows, database_.read([&](sql::Session& session) {
    return session.query(sql, std::span<const sql::Value>(condition.parameters));
  }));
  return events_of(rows);
}

Result<std::int64_t> EventLog::last_sequence() {
  CICLO_TRY(const auto row, database_.read([](sql::Session& session) {
    return session.query_one("SELECT COALESCE(MAX(sequence), 0) FROM events");
  }));
  return row ? row->integer(0) : 0;
}

EventLog::Subscription EventLog::subscribe(std::function<void()> wake) {
  const std::uint64_t id = subscribers_->add(std::move(wake));
  // The token may outlive the log: it shares the list.
  return {static_cast<void*>(nullptr), [id, subscribers = subscribers_](void*) { subscribers->remove(id); }};
}

std::vector<sql::Migration> migrations() {
  return {steps.begin(), steps.end()};
}

Json to_cloud_event(const Event& event) {
  Json out = {{"specversion", "1.0"},
              {"id", event.id},
              {"source", event.source},
              {"type", event.type},
              {"subject", event.subject},
              {"time", format_rfc3339(event.time)},
              // CloudEvents' Integer has 32 bits only, so the sequence extension is defined as a text.
              {"sequence", fmt::format("{:020}", event.sequence)},
              {"datacontenttype", "application/json"}};
  if (event.subject.empty()) out.erase("subject");
  if (!event.workspace.empty()) out["workspace"] = event.workspace;
  if (!event.actor.empty()) out["actor"] = event.actor;
  out["data"] = event.data;
  return out;
}

}  // namespace ciclo::events
