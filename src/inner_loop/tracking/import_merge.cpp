#include "inner_loop/tracking/import_merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "inner_loop/tracking/limits.hpp"

namespace ciclo::tracking {
namespace {

// Longer than any limit of a client: what a source holds comes in whole, but nothing without end.
constexpr std::size_t max_value_bytes = std::size_t{1} << 20U;

bool is_over(RunStatus status) {
  return status != RunStatus::running && status != RunStatus::scheduled;
}

std::vector<ModelUse> new_uses(const std::vector<ModelUse>& here, const std::vector<ModelUse>& there) {
  std::set<std::pair<std::string, std::int64_t>> known;
  for (const ModelUse& use : here) known.emplace(use.model_id, use.step);
  std::vector<ModelUse> added;
  for (const ModelUse& use : there)
    if (known.emplace(use.model_id, use.step).second) added.push_back(use);
  return added;
}

std::vector<DatasetInput> new_datasets(const std::vector<DatasetInput>& here, const std::vector<DatasetInput>& there) {
  std::set<std::pair<std::string, std::string>> known;
  for (const DatasetInput& input : here) known.emplace(input.dataset.name, input.dataset.digest);
  std::vector<DatasetInput> added;
  for (const DatasetInput& input : there)
    if (known.emplace(input.dataset.name, input.dataset.digest).second) added.push_back(input);
  return added;
}

}  // namespace

TagMerge merge_tags(const std::vector<Tag>& here, const std::vector<Tag>& there, std::string_view what) {
  std::map<std::string_view, std::string_view> known;
  for (const Tag& tag : here) known.emplace(tag.key, tag.value);
  TagMerge merge;
  for (const Tag& tag : there) {
    const auto found = known.find(tag.key);
    if (found == known.end()) merge.added.push_back(tag);
    else if (found->second != tag.value)
      merge.differences.push_back(fmt::format("the {} '{}' has another value here", what, tag.key));
  }
  return merge;
}

RunMerge merge_run(const Run& here, const Run& there) {
  RunMerge merge;
  TagMerge params = merge_tags(here.params, there.params, "parameter");
  TagMerge tags = merge_tags(here.tags, there.tags, "tag");
  merge.params = std::move(params.added);
  merge.tags = std::move(tags.added);
  merge.differences = std::move(params.differences);
  std::ranges::move(tags.differences, std::back_inserter(merge.differences));
  merge.datasets = new_datasets(here.dataset_inputs, there.dataset_inputs);
  merge.model_inputs = new_uses(here.model_inputs, there.model_inputs);
  merge.model_outputs = new_uses(here.model_outputs, there.model_outputs);
  merge.ends = !is_over(here.status) && is_over(there.status);
  const bool status_differs = !merge.ends && (here.status != there.status || here.end_time != there.end_time);
  if (status_differs) merge.differences.emplace_back("it ended differently here");
  if (here.stage != there.stage)
    merge.differences.push_back(fmt::format("it is {} here and {} there", name_of(here.stage), name_of(there.stage)));
  return merge;
}

std::vector<std::string> drop_malformed(std::vector<Tag>& pairs, std::string_view what) {
  std::vector<std::string> dropped;
  std::erase_if(pairs, [&](const Tag& pair) {
    const auto valid = check_key(pair.key, what);
    if (!valid) dropped.push_back(valid.error().message);
    else if (pair.value.size() > max_value_bytes)
      dropped.push_back(fmt::format("the value of '{}' is longer than 1 MiB", pair.key));
    return !valid || pair.value.size() > max_value_bytes;
  });
  return dropped;
}

}  // namespace ciclo::tracking
