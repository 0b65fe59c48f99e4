#include <algorithm>
#include <vector>

#include "monitoring/signals/drift.hpp"
#include "monitoring/signals/frequencies.hpp"
#include "monitoring/signals/special_functions.hpp"

namespace ciclo::monitoring::signals {
namespace {

struct Table {
  std::vector<std::int64_t> reference;
  std::vector<std::int64_t> production;
  Frequencies frequencies() const { return {reference, production}; }
};

// One column a category of either side; the categories that a summary did not keep share the last.
Table table_of(const CategoricalSummary& reference, const CategoricalSummary& production) {
  Table table;
  auto left = reference.categories.begin();
  auto right = production.categories.begin();
  while (left != reference.categories.end() || right != production.categories.end()) {
    const bool take_left =
        right == production.categories.end() || (left != reference.categories.end() && left->first <= right->first);
    const bool take_right =
        left == reference.categories.end() || (right != production.categories.end() && right->first <= left->first);
    table.reference.push_back(take_left ? left->second : 0);
    table.production.push_back(take_right ? right->second : 0);
    if (take_left) ++left;
    if (take_right) ++right;
  }
  if (reference.others > 0 || production.others > 0) {
    table.reference.push_back(reference.others);
    table.production.push_back(production.others);
  }
  return table;
}

Score start(Metric metric, const CategoricalSummary& reference, const CategoricalSummary& production) {
  Score score;
  score.metric = metric;
  score.reference_count = reference.count;
  score.production_count = production.count;
  if (reference.count == 0) {
    score.reason = "the reference has no values";
  } else if (production.count == 0) {
    score.reason = "production has no values";
  }
  return score;
}

}  // namespace

Score jensen_shannon_distance(const CategoricalSummary& reference, const CategoricalSummary& production) {
  Score score = start(Metric::jensen_shannon_distance, reference, production);
  score.method = "categories of both";
  score.base = "2";
  if (!score.reason.empty()) return score;
  const Table table = table_of(reference, production);
  score.bins = static_cast<std::int64_t>(table.reference.size());
  score.value = jensen_shannon_of(table.frequencies());
  return score;
}

Score population_stability_index(const CategoricalSummary& reference, const CategoricalSummary& production) {
  Score score = start(Metric::population_stability_index, reference, production);
  score.method = "categories of both, Laplace";
  score.base = "e";
  if (!score.reason.empty()) return score;
  const Table table = table_of(reference, production);
  score.bins = static_cast<std::int64_t>(table.reference.size());
  score.value = stability_index_of(table.frequencies());
  return score;
}

Score pearsons_chi_squared_test(const CategoricalSummary& reference, const CategoricalSummary& production) {
  Score score = start(Metric::pearsons_chi_squared_test, reference, production);
  score.method = "homogeneity of the 2×k table, no correction";
  if (!score.reason.empty()) return score;
  const Table table = table_of(reference, production);
  score.bins = static_cast<std::int64_t>(table.reference.size());
  if (score.bins < 2) {
    // One category on both sides: nothing can differ.
    score.value = 1.0;
    score.statistic = 0.0;
    score.degrees_of_freedom = 0;
    return score;
  }
  const auto reference_total = static_cast<double>(reference.count);
  const auto production_total = static_cast<double>(production.count);
  const double total = reference_total + production_total;
  double statistic = 0.0;
  for (std::size_t i = 0; i < table.reference.size(); ++i) {
    const auto observed_reference = static_cast<double>(table.reference[i]);
    const auto observed_production = static_cast<double>(table.production[i]);
    const double share = (observed_reference + observed_production) / total;
    const double expected_reference = share * reference_total;
    const double expected_production = share * production_total;
    statistic +=
        (observed_reference - expected_reference) * (observed_reference - expected_reference) / expected_reference;
    statistic +=
        (observed_production - expected_production) * (observed_production - expected_production) / expected_production;
  }
  score.degrees_of_freedom = score.bins - 1;
  score.statistic = statistic;
  score.value = chi_squared_tail(statistic, static_cast<double>(score.bins - 1));
  return score;
}

Score drift(Metric metric, const CategoricalSummary& reference, const CategoricalSummary& production) {
  switch (metric) {
    case Metric::jensen_shannon_distance: return jensen_shannon_distance(reference, production);
    case Metric::population_stability_index: return population_stability_index(reference, production);
    case Metric::pearsons_chi_squared_test: return pearsons_chi_squared_test(reference, production);
    default: break;
  }
  Score score = start(metric, reference, production);
  score.reason = "this metric is not defined for categorical columns";
  return score;
}

}  // namespace ciclo::monitoring::signals
