// What a trigger has seen and done: its place in the event log and one record for each event that it fired for, or
// would have. Tables trigger_states and trigger_fires.
//
// A record's key is (trigger, event), so that one event can never be acted on twice.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "outer_loop/triggers/decision.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::outer_loop {

struct TriggerState {
  std::int64_t cursor = 0;  // events up to this sequence number are done with
  TriggerHistory history;
};

struct FireRecord {
  std::string trigger_uid;
  std::int64_t event_sequence = 0;
  std::string workspace;
  std::string trigger_name;
  std::string event_id;
  std::string event_type;
  std::string event_subject;
  TimePoint time;     // when it was handled
  std::string state;  // "fired", "skipped", "failed", "denied"; of webhooks "pending", "delivered", "failed"
  std::string reason;
  Json result = Json::object();  // {"kind","name"} of what it made
  std::int64_t attempts = 0;
  TimePoint next_attempt;
};
Json to_json(const FireRecord& record);

class TriggerStore {
 public:
  Result<std::optional<TriggerState>> find_state(sql::Session& session, const std::string& trigger_uid) const;
  Result<void> put_state(sql::Session& session, const std::string& trigger_uid, const TriggerState& state) const;

  // Fails with already_exists when the event was handled before.
  Result<void> insert(sql::Session& session, const FireRecord& record) const;
  // Writes state, reason, attempts and next_attempt.
  Result<void> update(sql::Session& session, const FireRecord& record) const;
  // Newest first; before `before` (an event's sequence number) when it is not 0.
  struct ListRequest {
    std::string trigger_uid;
    std::int64_t before = 0;
    std::int64_t limit = 100;
  };
  Result<std::vector<FireRecord>> list(sql::Session& session, const ListRequest& request) const;
  // Webhooks that wait to be sent, oldest first.
  Result<std::vector<FireRecord>> pending(sql::Session& session, const std::string& trigger_uid) const;
};

std::vector<sql::Migration> trigger_migrations();

}  // namespace ciclo::outer_loop
