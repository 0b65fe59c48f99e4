#include "monitoring/signals/categorical_summary.hpp"

#include <algorithm>

namespace ciclo::monitoring::signals {

void CategoryEncoder::add(std::string_view value) {
  auto found = index_.find(value);
  if (found == index_.end()) {
    found = index_.emplace(std::string(value), static_cast<std::int32_t>(dictionary_.size())).first;
    dictionary_.emplace_back(value);
  }
  codes_.push_back(found->second);
}

CategoricalSummary summarise(const CategoricalColumn& column) {
  // Slot 0 counts the missing ones, so that the loop has no branch on them.
  std::vector<std::int64_t> counts(column.dictionary.size() + 1, 0);
  const auto size = static_cast<std::int64_t>(column.dictionary.size());
  for (const std::int32_t code : column.codes) {
    const std::int64_t slot = code >= 0 && code < size ? std::int64_t{code} + 1 : 0;
    ++counts[static_cast<std::size_t>(slot)];
  }
  CategoricalSummary summary;
  summary.rows = static_cast<std::int64_t>(column.codes.size());
  summary.missing = counts[0];
  summary.count = summary.rows - summary.missing;
  std::vector<std::size_t> seen;
  for (std::size_t i = 0; i < column.dictionary.size(); ++i) {
    if (counts[i + 1] > 0) seen.push_back(i);
  }
  if (seen.size() > CategoricalSummary::kKeptCategories) {
    std::ranges::stable_sort(seen, std::greater<>{}, [&](std::size_t i) { return counts[i + 1]; });
  }
  for (std::size_t rank = 0; rank < seen.size(); ++rank) {
    const std::int64_t count = counts[seen[rank] + 1];
    if (rank < CategoricalSummary::kKeptCategories) {
      summary.categories[column.dictionary[seen[rank]]] += count;
    } else {
      summary.others += count;
      ++summary.other_categories;
    }
  }
  return summary;
}

CategoricalSummary summarise(std::span<const std::optional<std::string>> values) {
  CategoryEncoder encoder;
  for (const auto& value : values) {
    if (value) {
      encoder.add(*value);
    } else {
      encoder.add_missing();
    }
  }
  return summarise(encoder.column());
}

}  // namespace ciclo::monitoring::signals
