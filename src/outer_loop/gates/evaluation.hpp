// The checks of a gate, judged from what is known of a model and of the champion. Pure.
//
// metric   The number is taken from the model version's metrics (status.metrics of the model: those of the runs that
//          trained and registered it, and tags that are numbers). `compare: champion` takes the champion's own metrics,
//          as they were when that one was registered: with a model that was trained on new data the two may come from
//          different test data. A step that evaluates both on the same data and says so with the deploy flag (as
//          ciclo-learn evaluate does) compares more strictly. Without a champion the comparison passes, with a note.
// schema   Input columns: same names and types in the same order. Without a champion it passes, with a note.
// latency  From a measurement; see latency.hpp.
// format   No files that run code when they are read (pickle, joblib, cloudpickle, dill, torch's own).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::outer_loop {

enum class CheckStatus : std::uint8_t { pass, warn, fail, skipped, error };
std::string_view name_of(CheckStatus status);

struct CheckResult {
  std::string name;  // "metric accuracy"
  CheckStatus status = CheckStatus::pass;
  Json value;      // what was found
  Json threshold;  // what was asked for
  std::string evidence;
};
Json to_json(const CheckResult& result);

struct ModelEvidence {
  std::string reference;  // for people
  Json metrics = Json::object();
  Json signature = Json::object();
  std::vector<std::string> files;  // within the model's folder
};

struct LatencyEvidence {
  double p50_ms = 0;
  double p95_ms = 0;
  std::size_t requests = 0;
};

struct GateEvidence {
  ModelEvidence candidate;
  std::optional<ModelEvidence> champion;
  std::optional<Result<LatencyEvidence>> latency;  // nothing when no check needs it
};

CheckResult evaluate(const Json& check, const GateEvidence& evidence);

// Whether people may be asked: nothing failed, and everything could be looked at.
bool passes(const std::vector<CheckResult>& results);

}  // namespace ciclo::outer_loop
