// What happened, in order: an append-only log in the database, written in the same transaction as the change itself,
// in the form of CloudEvents 1.0. Modules talk to each other through it.
//
// Sequence numbers rise by commit order and are never reused, so a reader that remembers the last number it handled
// misses nothing and sees nothing twice.
//
// Thread safety: safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::events {

struct Event {
  std::int64_t sequence = 0;  // given by append()
  std::string id;             // given by append() when empty
  std::string type;           // "ciclo.job.completed": ciclo.<kind>.<what happened>
  std::string source;         // "/workspaces/dev"
  std::string subject;        // "models/weather:3"
  std::string workspace;      // empty for the organisation
  std::string actor;          // principal that caused it
  TimePoint time;             // given by append() when zero
  Json data = Json::object();
};

// As a CloudEvents JSON object, with `sequence` as the extension attribute of that name: 20 digits as text, since
// CloudEvents' own integers have 32 bits; they sort as text and read back as a decimal number.
Json to_cloud_event(const Event& event);

// Which events to list. What is empty does not restrict.
struct ListRequest {
  enum class Order : std::uint8_t { oldest_first, newest_first };

  std::optional<std::string> workspace;  // "" for those of the organisation
  std::string type_prefix;               // "ciclo.job." for all that happens to jobs
  std::string subject;
  std::int64_t after = 0;   // only later than this sequence number
  std::int64_t before = 0;  // only earlier than this one, when not 0
  std::size_t limit = 100;  // at most 10 000
  Order order = Order::oldest_first;
};

class EventLog {
 public:
  // `database` and `clock` must outlive the log. The schema is migrations().
  EventLog(sql::Database& database, const Clock& clock);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Adds within the caller's transaction; subscribers are woken once it is durable. The event's sequence number.
  Result<std::int64_t> append(sql::Session& session, Event event);
  // Up to `limit` events after `sequence`, oldest first.
  Result<std::vector<Event>> read_after(std::int64_t sequence, std::size_t limit);
  Result<std::vector<Event>> list(const ListRequest& request);
  // 0 when there is none.
  Result<std::int64_t> last_sequence();

  // `wake` is called, from the writer's thread, after events were committed; it must only set a flag or post, and
  // neither subscribe nor drop a token. Dropping the token ends the subscription: `wake` is not running any more when
  // that returns. Events that another server wrote into the same PostgreSQL wake nobody here: such readers also look
  // now and then.
  using Subscription = std::shared_ptr<void>;
  Subscription subscribe(std::function<void()> wake);

 private:
  class Subscribers;

  sql::Database& database_;
  const Clock& clock_;
  const std::shared_ptr<Subscribers> subscribers_;
};

std::vector<sql::Migration> migrations();

}  // namespace ciclo::events
