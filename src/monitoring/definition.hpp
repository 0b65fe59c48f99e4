// A monitor as its YAML says it, with Azure ML's defaults filled in.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "monitoring/signals/alert_rule.hpp"
#include "monitoring/signals/metric.hpp"

namespace ciclo::monitoring {

enum class SignalType : std::uint8_t {
  data_drift,
  prediction_drift,
  data_quality,
  not_computed,  // one of Azure ML's that is accepted and skipped
};
std::string_view name_of(SignalType type);

// From `start` up to, not including, `end`.
struct TimeWindow {
  TimePoint start;
  TimePoint end;
  bool contains(TimePoint time) const { return time >= start && time < end; }
};
Json to_json(const TimeWindow& window);

// As the YAML gives it: rolling, fixed, or (all empty) the default.
struct DataWindow {
  std::optional<Milliseconds> size;
  std::optional<Milliseconds> offset;
  std::optional<TimeWindow> fixed;
};

struct DataSource {
  std::string path;     // a reference to data; empty: what the target collected
  std::string context;  // "training", "model_inputs", …; may be empty
  DataWindow window;
  std::string target_column;
  std::string prediction_column;
};

struct SignalDefinition {
  std::string name;
  SignalType type = SignalType::data_drift;
  std::string type_name;  // as written
  DataSource production;
  DataSource reference;
  std::vector<std::string> features;                          // empty: all
  std::map<std::string, signals::FeatureType> feature_types;  // overrides
  std::vector<signals::AlertRule> numerical;
  std::vector<signals::AlertRule> categorical;
  bool alert_enabled = true;

  const std::vector<signals::AlertRule>& rules(signals::FeatureType type_of_column) const {
    return type_of_column == signals::FeatureType::numerical ? numerical : categorical;
  }
};

struct MonitorDefinition {
  std::string endpoint;
  std::string deployment;  // empty: all of the endpoint's
  std::vector<SignalDefinition> signals;
  std::vector<std::string> emails;

  // What the YAML asks for and does not get, one sentence each.
  std::vector<std::string> warnings() const;
};

// Reads `create_monitor` of a schedule. Fails with invalid and a JSON pointer into the schedule for what the schema
// cannot tell (windows, metrics that are not defined for the type of column, nothing to monitor).
Result<MonitorDefinition> parse_monitor(const Json& create_monitor);

struct RunTimes {
  TimePoint at;           // when the run is, or should have been
  Milliseconds interval;  // of the schedule
};
// The production rows of a run: the last `interval` when the YAML does not say.
TimeWindow production_window(const DataWindow& window, const RunTimes& run);
// The reference rows when production is its own reference: those just before the production window, at least 7 days.
TimeWindow reference_window(const DataWindow& window, const RunTimes& run, const TimeWindow& production);

}  // namespace ciclo::monitoring
