#include "inner_loop/tracking/run_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace ciclo::tracking {
namespace {

Json value_of(const Metric& metric) {
  return std::isnan(metric.value) ? Json("NaN") : Json(metric.value);
}

// The values of one kind: by key, then by the run's place.
using Values = std::map<std::string, std::vector<Json>>;

void put(Values& values, const std::string& key, std::size_t place, std::size_t count, Json value) {
  auto& column = values[key];
  column.resize(count);
  column[place] = std::move(value);
}

class Table {
 public:
  explicit Table(const std::vector<Run>& runs) {
    for (const Run& run : runs) rows_.push_back({{"run_id", run.run_id}, {"values", Json::array()}});
  }

  // Returns the keys that differ.
  Json add(const char* kind, const Values& values) {
    Json differing = Json::array();
    for (const auto& [key, column] : values) {
      const bool differs = std::ranges::any_of(column, [&](const Json& value) { return value != column.front(); });
      if (differs) differing.push_back(key);
      columns_.push_back({{"kind", kind}, {"key", key}, {"differs", differs}});
      for (std::size_t i = 0; i < column.size(); ++i) rows_[i]["values"].push_back(column[i]);
    }
    return differing;
  }

  void add_attribute(const char* key, const std::vector<Json>& column) {
    const bool differs = std::ranges::any_of(column, [&](const Json& value) { return value != column.front(); });
    columns_.push_back({{"kind", "attribute"}, {"key", key}, {"differs", differs}});
    for (std::size_t i = 0; i < column.size(); ++i) rows_[i]["values"].push_back(column[i]);
  }

  Json columns() { return std::move(columns_); }
  Json rows() { return std::move(rows_); }

 private:
  Json columns_ = Json::array();
  Json rows_ = Json::array();
};

void add_attributes(Table& table, const std::vector<Run>& runs) {
  struct Attribute {
    const char* key;
    Json (*read)(const Run&);
  };
  static constexpr Attribute attributes[] = {
      {"run_name", [](const Run& run) { return Json(run.name); }},
      {"experiment_id", [](const Run& run) { return Json(std::to_string(run.experiment_id)); }},
      {"status", [](const Run& run) { return Json(name_of(run.status)); }},
      {"user_id", [](const Run& run) { return Json(run.user); }},
      {"start_time", [](const Run& run) { return Json(run.start_time); }},
      {"end_time", [](const Run& run) { return run.end_time ? Json(*run.end_time) : Json(); }}};
  for (const Attribute& attribute : attributes) {
    std::vector<Json> column;
    for (const Run& run : runs) column.push_back(attribute.read(run));
    table.add_attribute(attribute.key, column);
  }
}

}  // namespace

Json compare_runs(const std::vector<Run>& runs) {
  Values params;
  Values metrics;
  Values tags;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const Param& param : runs[i].params) put(params, param.key, i, runs.size(), param.value);
    for (const Metric& metric : runs[i].metrics) put(metrics, metric.key, i, runs.size(), value_of(metric));
    for (const Tag& tag : runs[i].tags) put(tags, tag.key, i, runs.size(), tag.value);
  }
  Table table(runs);
  add_attributes(table, runs);
  Json differing = Json::object();
  differing["params"] = table.add("param", params);
  differing["metrics"] = table.add("metric", metrics);
  differing["tags"] = table.add("tag", tags);
  return {{"columns", table.columns()}, {"rows", table.rows()}, {"differing", std::move(differing)}};
}

}  // namespace ciclo::tracking
