// MLflow's JSON of the nouns: snake_case, int64 as numbers, NaN as text. Thread safety: pure functions.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "inner_loop/tracking/types.hpp"

namespace ciclo::tracking {

Json to_json(const Experiment& experiment);
Json to_json(const DatasetSummary& summary);
Json to_json(const Metric& metric);
Json to_json(const std::vector<Tag>& tags);
// RunInfo alone, and the whole Run with data, inputs and outputs.
Json run_info(const Run& run);
Json to_json(const Run& run);
Json logged_model_info(const LoggedModel& model);
Json to_json(const LoggedModel& model);

// {"<name>": [...], "next_page_token": …} without what is empty, as protobuf's JSON has it.
template <class Item>
Json page_json(std::string_view name, const Page<Item>& page) {
  Json answer = Json::object();
  for (const Item& item : page.items) answer[name].push_back(to_json(item));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

}  // namespace ciclo::tracking
