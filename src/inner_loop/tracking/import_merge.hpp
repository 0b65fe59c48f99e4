// What of a record that is offered again is new here, and what differs. Pure; decides nothing about storing.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inner_loop/tracking/types.hpp"

namespace ciclo::tracking {

struct TagMerge {
  std::vector<Tag> added;
  std::vector<std::string> differences;
};
// `what` names one of them in a difference: "tag", "parameter".
TagMerge merge_tags(const std::vector<Tag>& here, const std::vector<Tag>& there, std::string_view what);

struct RunMerge {
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<DatasetInput> datasets;
  std::vector<ModelUse> model_inputs;
  std::vector<ModelUse> model_outputs;
  bool ends = false;  // it is running here and over there
  std::vector<std::string> differences;

  bool is_news() const {
    return ends || !params.empty() || !tags.empty() || !datasets.empty() || !model_inputs.empty() ||
           !model_outputs.empty();
  }
};
RunMerge merge_run(const Run& here, const Run& there);

// Takes out the pairs whose key no store can hold, and says which.
std::vector<std::string> drop_malformed(std::vector<Tag>& pairs, std::string_view what);

}  // namespace ciclo::tracking
