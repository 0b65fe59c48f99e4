// What names, keys and values may be, as MLflow has it. Every failure is ErrorCode::invalid and names the field.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"

namespace ciclo::tracking {

inline constexpr std::size_t max_key_length = 250;
inline constexpr std::size_t max_param_value_length = 6000;
inline constexpr std::size_t max_run_tag_value_length = 8000;
inline constexpr std::size_t max_experiment_name_length = 500;
inline constexpr std::size_t max_dataset_name_length = 500;
inline constexpr std::size_t max_dataset_digest_length = 36;
inline constexpr std::size_t max_dataset_source_length = 65'535;
inline constexpr std::size_t max_dataset_profile_length = 16'777'215;
inline constexpr std::size_t max_input_tag_key_length = 255;
inline constexpr std::size_t max_input_tag_value_length = 500;
inline constexpr std::size_t max_batch_metrics = 1000;
inline constexpr std::size_t max_batch_params = 100;
inline constexpr std::size_t max_batch_tags = 100;
inline constexpr std::size_t max_batch_items = 1000;

// Lengths count characters of UTF-8.
std::size_t length_of(std::string_view text);

// Letters of any script, digits, and `_-. :/`; a relative path without "." and "..", as keys become file names for some
// clients.
Result<void> check_key(std::string_view key, std::string_view what);
Result<void> check_metric(const Metric& metric);
Result<void> check_param(const Param& param);
Result<void> check_run_tag(const Tag& tag);
Result<void> check_experiment_tag(const Tag& tag);
Result<void> check_dataset_input(const DatasetInput& input);
Result<void> check_experiment_name(std::string_view name);
// 1–256 letters, digits, '_' and '-', as run ids and logged models' ids are.
Result<void> check_id(std::string_view id, std::string_view what);

struct Batch {
  std::vector<Metric> metrics;
  std::vector<Param> params;
  std::vector<Tag> tags;
};
// Counts, every item, and that no parameter is given twice.
Result<void> check_batch(const Batch& batch);

}  // namespace ciclo::tracking
