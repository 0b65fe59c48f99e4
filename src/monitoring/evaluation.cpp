#include "monitoring/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "monitoring/signals/drift.hpp"

namespace ciclo::monitoring {
namespace {

using signals::FeatureType;
using signals::Metric;
using signals::Score;
using signals::ValueType;

struct Pair {
  std::string name;
  const ReferenceColumn& reference;
  const CollectedColumn& production;
};

// Both sides' counts before anything is compared.
std::string too_few(std::int64_t reference, std::int64_t production) {
  if (reference < kLeastValues)
    return fmt::format("the reference has {} values, fewer than {}", reference, kLeastValues);
  if (production < kLeastValues)
    return fmt::format("production has {} values, fewer than {}", production, kLeastValues);
  return {};
}

std::vector<Score> drift_scores(const Pair& pair, const std::vector<signals::AlertRule>& rules) {
  std::vector<Score> scores;
  const auto compute = [&](const auto& reference, const auto& production) {
    const std::string problem = too_few(reference.count, production.count);
    for (const auto& rule : rules) {
      if (problem.empty()) {
        scores.push_back(signals::drift(rule.metric, reference, production));
        continue;
      }
      Score score;
      score.metric = rule.metric;
      score.reason = problem;
      score.reference_count = reference.count;
      score.production_count = production.count;
      scores.push_back(std::move(score));
    }
  };
  if (const auto* numeric = std::get_if<signals::NumericSummary>(&pair.reference.summary)) {
    compute(*numeric, signals::summarise(numbers_of(pair.production), numeric->layout));
  } else {
    const auto categories = categories_of(pair.production, pair.reference.type);
    compute(std::get<signals::CategoricalSummary>(pair.reference.summary), signals::summarise(categories.column()));
  }
  return scores;
}

std::vector<Score> quality_scores(const Pair& pair, const std::vector<signals::AlertRule>& rules) {
  const auto counts = quality_of(pair.reference, pair.production);
  std::vector<Score> scores;
  for (const auto& rule : rules) {
    switch (rule.metric) {
      case Metric::null_value_rate: scores.push_back(signals::null_value_rate(counts)); break;
      case Metric::data_type_error_rate: scores.push_back(signals::data_type_error_rate(counts)); break;
      default: scores.push_back(signals::out_of_bounds_rate(counts)); break;
    }
  }
  return scores;
}

FeatureResult judge(const SignalDefinition& signal, const Pair& pair) {
  FeatureResult result;
  result.feature = pair.name;
  result.type = pair.reference.feature_type();
  const auto& rules = signal.rules(result.type);
  const auto scores = signal.type == SignalType::data_quality ? quality_scores(pair, rules) : drift_scores(pair, rules);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto decision = signals::decide(rules[i], scores[i]);
    result.metrics.push_back({scores[i], rules[i], decision.breached, decision.explanation});
  }
  return result;
}

FeatureResult skipped(std::string feature, std::string reason) {
  FeatureResult result;
  result.feature = std::move(feature);
  result.skipped = std::move(reason);
  return result;
}

std::vector<FeatureResult> evaluate_features(const EvaluationInput& input) {
  std::vector<FeatureResult> results;
  auto names = input.signal.features;
  if (names.empty()) {
    for (const auto& [name, column] : input.reference) {
      if (name != input.signal.reference.target_column && input.production.columns.contains(name))
        names.push_back(name);
    }
  }
  for (const auto& name : names) {
    const auto reference = input.reference.find(name);
    const auto production = input.production.columns.find(name);
    if (reference == input.reference.end()) {
      results.push_back(skipped(name, "the reference has no such column that can be compared"));
    } else if (production == input.production.columns.end()) {
      results.push_back(skipped(name, "production has no such column"));
    } else {
      results.push_back(judge(input.signal, {name, reference->second, production->second}));
    }
  }
  return results;
}

bool is_scalar(const CollectedColumn& column) {
  return std::ranges::none_of(column.types, [](ValueType type) { return type == ValueType::other; });
}

}  // namespace

PredictionColumns prediction_columns(const EvaluationInput& input) {
  static constexpr std::array<std::string_view, 6> kUsual{"label",  "prediction",   "predictions",
                                                          "output", "output_label", "variable"};
  const auto& columns = input.production.columns;
  PredictionColumns chosen;
  const auto take = [&](std::string_view name) {
    if (chosen.production.empty() && !name.empty() && columns.contains(name)) chosen.production = name;
  };
  take(input.signal.production.prediction_column);
  take(input.signal.production.target_column);
  take(input.signal.reference.target_column);
  for (const auto name : kUsual) take(name);
  for (const auto& [name, column] : columns) {
    if (is_scalar(column)) take(name);
  }
  if (chosen.production.empty()) {
    chosen.problem = columns.empty() ? "production has no predictions" : "no column of the outputs is a prediction";
    return chosen;
  }
  const auto& reference = input.signal.reference;
  for (const std::string& name : {reference.target_column, reference.prediction_column, chosen.production}) {
    if (chosen.reference.empty() && input.reference.contains(name)) chosen.reference = name;
  }
  if (chosen.reference.empty()) {
    chosen.problem =
        "it is not known which column of the reference holds what is predicted: set "
        "reference_data.data_column_names.target_column";
  }
  return chosen;
}

std::vector<FeatureResult> evaluate(const EvaluationInput& input) {
  if (input.signal.type != SignalType::prediction_drift) return evaluate_features(input);
  const auto columns = prediction_columns(input);
  if (!columns.problem.empty()) return {skipped(columns.production, columns.problem)};
  return {judge(input.signal, {columns.production, input.reference.find(columns.reference)->second,
                               input.production.columns.find(columns.production)->second})};
}

std::int64_t SignalResult::breached() const {
  std::int64_t count = 0;
  for (const auto& feature : features) {
    count += std::ranges::count_if(feature.metrics, [](const MetricResult& metric) { return metric.breached; });
  }
  return count;
}

Json to_json(const SignalResult& result) {
  Json json = {{"type", name_of(result.type)}, {"alert_enabled", result.alert_enabled}};
  const std::int64_t breached = result.breached();
  json["state"] = !result.skipped.empty() ? "skipped" : breached > 0 ? "breached" : "ok";
  if (!result.skipped.empty()) json["reason"] = result.skipped;
  json["breached"] = breached;
  json["production_data"] = result.production;
  json["reference_data"] = result.reference;
  Json features = Json::object();
  for (const auto& feature : result.features) {
    Json entry = Json::object();
    if (!feature.skipped.empty()) {
      entry["skipped"] = feature.skipped;
    } else {
      entry["type"] = signals::name_of(feature.type);
      entry["metrics"] = Json::array();
    }
    for (const auto& metric : feature.metrics) {
      Json one = signals::to_json(metric.score);
      one["threshold"] = metric.rule.threshold;
      one["alerts"] = signals::name_of(metric.rule.direction);
      one["breached"] = metric.breached;
      entry["metrics"].push_back(std::move(one));
    }
    features[feature.feature] = std::move(entry);
  }
  json["features"] = std::move(features);
  return json;
}

}  // namespace ciclo::monitoring
