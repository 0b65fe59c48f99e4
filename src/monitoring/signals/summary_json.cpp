#include <algorithm>
#include <cmath>
#include <optional>

#include "monitoring/signals/categorical_summary.hpp"
#include "monitoring/signals/numeric_summary.hpp"

namespace ciclo::monitoring::signals {
namespace {

constexpr std::int64_t kMaxCount = std::int64_t{1} << 52;  // every smaller count is exact as a double

Failure malformed(std::string_view what) {
  return fail(ErrorCode::invalid, "the stored summary is malformed: " + std::string(what));
}

// A whole number from 0 to `most`.
std::optional<std::int64_t> bounded(const Json& value, std::int64_t most) {
  if (!value.is_number_integer()) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  if (number < 0 || number > most) return std::nullopt;
  return number;
}

Result<std::int64_t> count_of(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  const auto count = bounded(value, kMaxCount);
  if (!count) return malformed(std::string(key) + " is no whole number of a possible size");
  return *count;
}

Result<double> finite_of(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) return malformed(std::string(key) + " is no number");
  return value.get<double>();
}

Result<Bucket> add_bucket(NumericSummary& summary, const Json& entry) {
  if (!entry.is_array() || entry.size() != 3) return malformed("a bucket is not [index, count, sum]");
  const auto index = bounded(entry[0], BucketLayout::kBuckets - 1);
  const auto count = bounded(entry[1], kMaxCount);
  if (!index || !count || !entry[2].is_number() || !std::isfinite(entry[2].get<double>())) {
    return malformed("a bucket is out of range");
  }
  Bucket& bucket = summary.buckets[static_cast<std::size_t>(*index)];
  if (bucket.count != 0) return malformed("a bucket is there twice");
  bucket = {*count, entry[2].get<double>()};
  return bucket;
}

Result<void> read_buckets(NumericSummary& summary, const Json& entries) {
  if (!entries.is_array() || entries.size() > BucketLayout::kBuckets) return malformed("buckets is no list");
  summary.buckets.resize(BucketLayout::kBuckets);
  std::int64_t total = 0;
  for (const Json& entry : entries) {
    CICLO_TRY(const Bucket bucket, add_bucket(summary, entry));
    total += bucket.count;
    if (total > kMaxCount) return malformed("the buckets hold too many values");
  }
  if (total != summary.count) return malformed("the buckets do not add up to count");
  return {};
}

Result<NumericSummary> from_values(const Json& entries, NumericSummary stored) {
  if (!entries.is_array() || static_cast<std::int64_t>(entries.size()) != stored.count ||
      stored.count > NumericSummary::kKeptValues) {
    return malformed("values does not match count");
  }
  std::vector<double> values;
  values.reserve(entries.size());
  for (const Json& entry : entries) {
    if (!entry.is_number() || !std::isfinite(entry.get<double>())) return malformed("a value is no number");
    values.push_back(entry.get<double>());
  }
  NumericSummary summary = summarise(values, stored.layout);
  summary.rows = stored.rows;
  summary.missing = stored.missing;
  summary.infinite = stored.infinite;
  summary.mean = stored.mean;  // adding up in another order would change the last digits
  summary.variance = stored.variance;
  return summary;
}

}  // namespace

Json to_json(const NumericSummary& summary) {
  Json json = Json::object();
  json["type"] = "numerical";
  json["rows"] = summary.rows;
  json["missing"] = summary.missing;
  json["infinite"] = summary.infinite;
  json["count"] = summary.count;
  json["minimum"] = summary.minimum;
  json["maximum"] = summary.maximum;
  json["mean"] = summary.mean;
  json["variance"] = summary.variance;
  json["all_integers"] = summary.all_integers;
  json["low"] = summary.layout.low;
  json["high"] = summary.layout.high;
  if (summary.keeps_values()) {
    json["values"] = summary.sorted_values;
    return json;
  }
  Json buckets = Json::array();
  for (std::size_t i = 0; i < summary.buckets.size(); ++i) {
    const Bucket& bucket = summary.buckets[i];
    if (bucket.count > 0) buckets.push_back(Json::array({i, bucket.count, bucket.sum}));
  }
  json["buckets"] = std::move(buckets);
  return json;
}

Result<NumericSummary> numeric_summary_from_json(const Json& json) {
  if (text_or(json, "type") != "numerical") return malformed("it is not of type numerical");
  NumericSummary summary;
  CICLO_TRY(summary.rows, count_of(json, "rows"));
  CICLO_TRY(summary.missing, count_of(json, "missing"));
  CICLO_TRY(summary.infinite, count_of(json, "infinite"));
  CICLO_TRY(summary.count, count_of(json, "count"));
  if (summary.missing + summary.infinite + summary.count != summary.rows) return malformed("the counts do not add up");
  CICLO_TRY(summary.layout.low, finite_of(json, "low"));
  CICLO_TRY(summary.layout.high, finite_of(json, "high"));
  if (!(summary.layout.low < summary.layout.high) || !std::isfinite(summary.layout.high - summary.layout.low)) {
    return malformed("low is not below high");
  }
  CICLO_TRY(summary.minimum, finite_of(json, "minimum"));
  CICLO_TRY(summary.maximum, finite_of(json, "maximum"));
  CICLO_TRY(summary.mean, finite_of(json, "mean"));
  CICLO_TRY(summary.variance, finite_of(json, "variance"));
  if (summary.minimum > summary.maximum || summary.variance < 0.0) return malformed("minimum is above maximum");
  if (const Json& values = member(json, "values"); !values.is_null()) return from_values(values, std::move(summary));
  const Json& all_integers = member(json, "all_integers");
  summary.all_integers = all_integers.is_boolean() && all_integers.get<bool>();
  CICLO_CHECK(read_buckets(summary, member(json, "buckets")));
  return summary;
}

Json to_json(const CategoricalSummary& summary) {
  Json json = Json::object();
  json["type"] = "categorical";
  json["rows"] = summary.rows;
  json["missing"] = summary.missing;
  json["count"] = summary.count;
  Json categories = Json::object();
  for (const auto& [category, count] : summary.categories) categories[category] = count;
  json["categories"] = std::move(categories);
  json["others"] = summary.others;
  json["other_categories"] = summary.other_categories;
  return json;
}

Result<CategoricalSummary> categorical_summary_from_json(const Json& json) {
  if (text_or(json, "type") != "categorical") return malformed("it is not of type categorical");
  CategoricalSummary summary;
  CICLO_TRY(summary.rows, count_of(json, "rows"));
  CICLO_TRY(summary.missing, count_of(json, "missing"));
  CICLO_TRY(summary.count, count_of(json, "count"));
  CICLO_TRY(summary.others, count_of(json, "others"));
  CICLO_TRY(summary.other_categories, count_of(json, "other_categories"));
  const Json& categories = member(json, "categories");
  if (!categories.is_object() || categories.size() > CategoricalSummary::kKeptCategories) {
    return malformed("categories is no object, or has too many members");
  }
  std::int64_t total = summary.others;
  for (const auto& [category, entry] : categories.items()) {
    const auto count = bounded(entry, kMaxCount);
    if (!count) return malformed("a category's count is out of range");
    summary.categories[category] = *count;
    total += *count;
    if (total > kMaxCount) return malformed("the categories hold too many values");
  }
  if (total != summary.count || summary.count + summary.missing != summary.rows) {
    return malformed("the counts do not add up");
  }
  return summary;
}

}  // namespace ciclo::monitoring::signals
