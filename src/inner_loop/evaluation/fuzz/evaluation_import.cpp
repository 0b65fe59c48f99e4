// Scorers, data sets and records that an import brings come from anybody's store: nothing crashes, and what is taken
// can be shown.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inner_loop/evaluation/import_forms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo;
  using namespace ciclo::evaluation;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  auto body = parse_json({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  if (const auto scorer = imported_scorer(*body))
    for (const ScorerVersion& version : scorer->versions) std::ignore = to_json(version);
  if (const auto set = imported_dataset(*body); set && set->outcome.differences.empty()) {
    // What is written is read again.
    if (!imported_dataset(to_json(set->dataset))) __builtin_trap();
  }
  const auto records = imported_records(*body);
  for (const ImportedRecord& record : records.records) {
    Json again{{"dataset_id", "d"}, {"records", Json::array({to_json(record.record)})}};
    if (imported_records(again).records.size() != 1) __builtin_trap();
  }
  return 0;
}
