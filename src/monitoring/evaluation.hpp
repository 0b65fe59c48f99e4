// The signals of a monitor, computed: a pure function of a signal's definition, the reference's summaries and the
// production window's columns.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "monitoring/column_data.hpp"
#include "monitoring/definition.hpp"
#include "monitoring/signals/alert_rule.hpp"

namespace ciclo::monitoring {

// Fewer values than this on either side are not compared: the distance of two handfuls says nothing.
inline constexpr std::int64_t kLeastValues = 10;

struct MetricResult {
  signals::Score score;
  signals::AlertRule rule;
  bool breached = false;
  std::string explanation;
};

struct FeatureResult {
  std::string feature;
  signals::FeatureType type = signals::FeatureType::numerical;
  std::vector<MetricResult> metrics;
  std::string skipped;  // why nothing was computed
};

struct SignalResult {
  std::string name;
  SignalType type = SignalType::data_drift;
  bool alert_enabled = true;
  std::vector<FeatureResult> features;
  std::string skipped;               // why the whole signal was not computed
  Json production = Json::object();  // window and rows
  Json reference = Json::object();

  std::int64_t breached() const;
};
Json to_json(const SignalResult& result);

struct EvaluationInput {
  const SignalDefinition& signal;
  const ReferenceColumns& reference;
  const CollectedTable& production;
};

// data_drift and data_quality compare columns of the same name: those that are named, else all that both sides have,
// but for the reference's target column. prediction_drift compares one: see prediction_columns().
std::vector<FeatureResult> evaluate(const EvaluationInput& input);

struct PredictionColumns {
  std::string production;
  std::string reference;
  std::string problem;  // why there are none
};
// Which column of the outputs is the prediction, and which of the reference it is compared with: the target column
// where the reference is labelled data, else the column of the same name.
PredictionColumns prediction_columns(const EvaluationInput& input);

}  // namespace ciclo::monitoring
