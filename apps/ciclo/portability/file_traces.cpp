#include "portability/file_traces.hpp"

#include <fmt/format.h>

#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t traces_per_page = 100;

Result<Json> trace_of(const StoreFolder& store, const std::string& folder, const std::string& experiment_id) {
  CICLO_TRY(const Json written, store.yaml(folder + "/trace_info.yaml"));
  Json info = trace_info_from(written);
  info["trace_location"] = location_of_experiment(experiment_id);
  for (const auto& [name, below] : {std::pair("tags", "tags"), {"trace_metadata", "request_metadata"}}) {
    CICLO_TRY(const Json pairs, store.pairs(fmt::format("{}/{}", folder, below)));
    info[name] = object_of_pairs(pairs);
  }
  info.erase("assessments");
  for (const std::string& file : store.files(folder + "/assessments")) {
    CICLO_TRY(auto assessment, store.yaml(fmt::format("{}/assessments/{}", folder, file)));
    info["assessments"].push_back(std::move(assessment));
  }
  Json trace{{"trace_info", std::move(info)}};
  trace["prompts"] = linked_prompts_of(trace["trace_info"]);
  return trace;
}

}  // namespace

Result<void> read_file_traces(const StoreFolder& store, const std::string& home, const std::string& experiment_id,
                              const TakeItems& take) {
  std::vector<Json> page;
  for (const std::string& name : store.folders(home + "/traces")) {
    const std::string folder = fmt::format("{}/traces/{}", home, name);
    if (!store.has(folder + "/trace_info.yaml")) continue;
    CICLO_TRY(auto trace, trace_of(store, folder, experiment_id));
    page.push_back(std::move(trace));
    if (page.size() < traces_per_page) continue;
    CICLO_CHECK(take(std::move(page)));
    page.clear();
  }
  return page.empty() ? Result<void>() : take(std::move(page));
}

}  // namespace ciclo::portability
