// One run of a monitor: gathers production and reference, computes the signals. Writes nothing but the cache of
// reference summaries, so that it can be repeated after a kill.
//
// Thread safety: safe from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "monitoring/evaluation.hpp"
#include "monitoring/reference_data.hpp"
#include "monitoring/schedule_store.hpp"

namespace ciclo::monitoring {

struct MonitorRequest {
  std::string workspace;
  resources::Caller caller;  // whose rights the data is read with
  const MonitorDefinition& definition;
  RunTimes run;
};

struct MonitorOutcome {
  std::vector<SignalResult> signals;

  std::int64_t breached() const;
  Json to_json() const;
};

class MonitorRunner {
 public:
  struct Parts {
    sql::Database& database;
    DataLocator& locator;
    const Clock& clock;
    // Where the endpoints of a workspace keep what they collect.
    std::function<std::filesystem::path(const std::string& workspace)> collected_folder;
  };
  explicit MonitorRunner(Parts parts) : parts_(std::move(parts)) {}

  // A signal whose data cannot be compared is skipped with the reason; data that cannot be found, read or may not be
  // read fails the whole run.
  Result<MonitorOutcome> run(const MonitorRequest& request);

 private:
  struct Side;
  class Gathered;
  Result<SignalResult> run_signal(const MonitorRequest& request, const SignalDefinition& signal, Gathered& gathered);
  Result<Side> production_of(const MonitorRequest& request, const SignalDefinition& signal, Gathered& gathered);
  Result<ReferenceColumns> reference_of(const MonitorRequest& request, const SignalDefinition& signal,
                                        const Side& production, SignalResult& result);
  Result<ReferenceColumns> stored_reference(const MonitorRequest& request, const SignalDefinition& signal);

  Parts parts_;
  ScheduleStore store_;
};

}  // namespace ciclo::monitoring
