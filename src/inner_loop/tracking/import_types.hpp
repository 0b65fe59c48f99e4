// What comes from another MLflow store, as it stands there: ids, times and lifecycles are given, not made up.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inner_loop/tracking/types.hpp"

namespace ciclo::tracking {

struct ImportedRun {
  Run run;  // with params, tags, inputs and outputs; its experiment's id is this server's
  std::optional<std::int64_t> deleted_time;
};

// Observations of one key of one run; in any order, repeats allowed.
struct ImportedHistory {
  std::string run_id;
  std::string key;
  std::vector<Metric> points;
};

struct ImportedModel {
  LoggedModel model;
  Lifecycle stage = Lifecycle::active;
};

enum class Imported : std::uint8_t {
  added,    // it was not here
  changed,  // it was here, and something that was new came in
  present,  // all of it was here
  refused,  // something else has its id, or it is malformed: nothing of it came in
};
std::string_view name_of(Imported outcome);  // "added"

// What became of one item. `differences`: what is here with another content, or was not taken; each a sentence. What is
// here is never overwritten.
struct ImportOutcome {
  std::string id;  // of an experiment: this server's
  Imported outcome = Imported::present;
  std::vector<std::string> differences;
};

// Of observations, only counts.
struct ImportCounts {
  std::size_t added = 0;
  std::size_t present = 0;
  std::vector<std::string> differences;
};

}  // namespace ciclo::tracking
