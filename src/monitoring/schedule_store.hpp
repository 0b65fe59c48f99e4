// What schedules did and found: runs, the metrics of monitors over time, and the summaries of references that need not
// be read again. Tables schedule_runs, monitor_metrics and monitor_references.
//
// A scheduled run's key is (schedule, time), so that no time is run twice.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::monitoring {

struct ScheduleRun {
  std::int64_t id = 0;  // given by insert()
  std::string workspace;
  std::string schedule_uid;
  std::string schedule;
  TimePoint scheduled;
  std::string request;            // of a run asked for by hand: a text of its own; empty for the schedule's own times
  std::string requested_by;       // who asked
  std::string state = "pending";  // pending → completed | failed
  std::string reason;
  TimePoint finished;
  Json result = Json::object();
};
Json to_json(const ScheduleRun& run);

struct MetricRow {
  std::string workspace;
  std::string schedule_uid;
  std::int64_t run_id = 0;
  TimePoint time;
  std::string signal;
  std::string feature;
  std::string metric;
  std::optional<double> value;
  double threshold = 0.0;
  bool breached = false;
};
Json to_json(const MetricRow& row);

class ScheduleStore {
 public:
  // False when this run is there already.
  Result<bool> insert(sql::Session& session, const ScheduleRun& run) const;
  Result<std::vector<ScheduleRun>> pending(sql::Session& session, const std::string& schedule_uid) const;
  // Writes state, reason, finished and result of a pending run. False when it is pending no more.
  Result<bool> finish(sql::Session& session, const ScheduleRun& run) const;
  struct ListRequest {
    std::string schedule_uid;
    std::int64_t before = 0;  // a run's id; 0: from the newest
    std::int64_t limit = 20;
  };
  // Newest first.
  Result<std::vector<ScheduleRun>> list(sql::Session& session, const ListRequest& request) const;
  Result<std::optional<ScheduleRun>> find(sql::Session& session, const std::string& schedule_uid,
                                          std::int64_t id) const;

  Result<void> add_metrics(sql::Session& session, const std::vector<MetricRow>& rows) const;
  struct MetricRequest {
    std::string schedule_uid;
    std::string signal;   // empty: any
    std::string feature;  // empty: any
    std::string metric;   // empty: any
    std::int64_t limit = 1000;
  };
  // Newest first.
  Result<std::vector<MetricRow>> metrics(sql::Session& session, const MetricRequest& request) const;

  Result<std::optional<Json>> find_reference(sql::Session& session, const std::string& key) const;
  Result<void> put_reference(sql::Session& session, const std::string& key, const Json& columns, TimePoint now) const;
};

std::vector<sql::Migration> migrations();

}  // namespace ciclo::monitoring
