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
#include <mutex>
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

// As a CloudEvents JSON object, with `sequence` as an extension attribute.
Json to_cloud_event(const Event& event);

class EventLog {
 public:
  EventLog(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Adds within the caller's transaction; subscribers are woken once it is durable. The event's sequence number.
  Result<std::int64_t> append(sql::Session& session, Event event);
  // Up to `limit` events after `sequence`, oldest first.
  Result<std::vector<Event>> read_after(std::int64_t sequence, std::size_t limit);
  Result<std::int64_t> last_sequence();

  // `wake` is called, from the writer's thread, after events were committed; it must only set a flag or post. Dropping
  // the token ends the subscription.
  using Subscription = std::shared_ptr<void>;
  Subscription subscribe(std::function<void()> wake);

 private:
  void notify();

  sql::Database& database_;
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<std::function<void()>>> subscribers_;
};

std::vector<sql::Migration> migrations();

}  // namespace ciclo::events
