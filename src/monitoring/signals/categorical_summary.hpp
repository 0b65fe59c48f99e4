// How often each category of a column occurs.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::monitoring::signals {

// A column as codes into a dictionary; kMissing where there is no value. Codes outside the dictionary are missing too.
struct CategoricalColumn {
  static constexpr std::int32_t kMissing = -1;
  std::span<const std::int32_t> codes;
  std::span<const std::string> dictionary;
};

// Builds codes from text, one value at a time.
class CategoryEncoder {
 public:
  void add(std::string_view value);
  void add_missing() { codes_.push_back(CategoricalColumn::kMissing); }
  // Valid until the encoder changes.
  CategoricalColumn column() const { return {codes_, dictionary_}; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::int32_t> codes_;
  std::vector<std::string> dictionary_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> index_;
};

struct CategoricalSummary {
  // More categories than this are not kept one by one: the rarest are counted together in `others`.
  static constexpr std::size_t kKeptCategories = 10'000;

  std::int64_t rows = 0;
  std::int64_t missing = 0;
  std::int64_t count = 0;  // rows − missing
  std::map<std::string, std::int64_t, std::less<>> categories;
  std::int64_t others = 0;            // values in categories that are not kept
  std::int64_t other_categories = 0;  // how many those are
};

CategoricalSummary summarise(const CategoricalColumn& column);
// For callers that hold text.
CategoricalSummary summarise(std::span<const std::optional<std::string>> values);

// The stored form (docs/monitoring.md). from_json checks every number.
Json to_json(const CategoricalSummary& summary);
Result<CategoricalSummary> categorical_summary_from_json(const Json& json);

}  // namespace ciclo::monitoring::signals
