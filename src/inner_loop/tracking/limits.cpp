#include "inner_loop/tracking/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

bool is_key_character(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || std::isalnum(u) != 0 || std::string_view("_-. :/").find(c) != std::string_view::npos;
}

Result<void> check_length(std::string_view what, std::string_view value, std::size_t most) {
  const std::size_t length = length_of(value);
  if (length <= most) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{} had length {}, which exceeded length limit of {}", what, length, most));
}

}  // namespace

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Result<void> check_key(std::string_view key, std::string_view what) {
  if (key.empty())
    return fail(ErrorCode::invalid, fmt::format("Missing value for required parameter: the {} is empty", what));
  CICLO_CHECK(check_length(fmt::format("{} '{}'", what, key.substr(0, 40)), key, max_key_length));
  if (!std::ranges::all_of(key, is_key_character)) {
    return fail(ErrorCode::invalid, fmt::format("Invalid {}: '{}'", what, key), {},
                "names may hold letters, digits, underscores, dashes, periods, spaces, colons and slashes");
  }
  for (const std::string& part : split(key, '/')) {
    if (part.empty() || part == "." || part == "..") {
      return fail(ErrorCode::invalid, fmt::format("Invalid {}: '{}'", what, key), {},
                  "a name is a relative path without empty parts, '.' and '..'");
    }
  }
  return {};
}

Result<void> check_metric(const Metric& metric) {
  return check_key(metric.key, "metric name");
}

Result<void> check_param(const Param& param) {
  CICLO_CHECK(check_key(param.key, "param name"));
  return check_length(fmt::format("Param value of '{}'", param.key), param.value, max_param_value_length);
}

Result<void> check_run_tag(const Tag& tag) {
  CICLO_CHECK(check_key(tag.key, "tag name"));
  return check_length(fmt::format("Tag value of '{}'", tag.key), tag.value, max_run_tag_value_length);
}

Result<void> check_experiment_tag(const Tag& tag) {
  CICLO_CHECK(check_key(tag.key, "tag name"));
  return check_length(fmt::format("Tag value of '{}'", tag.key), tag.value, max_run_tag_value_length);
}

Result<void> check_dataset_input(const DatasetInput& input) {
  CICLO_CHECK(check_length("Dataset name", input.dataset.name, max_dataset_name_length));
  CICLO_CHECK(check_length("Dataset digest", input.dataset.digest, max_dataset_digest_length));
  CICLO_CHECK(check_length("Dataset source", input.dataset.source, max_dataset_source_length));
  CICLO_CHECK(check_length("Dataset schema", input.dataset.schema, max_dataset_source_length));
  CICLO_CHECK(check_length("Dataset profile", input.dataset.profile, max_dataset_profile_length));
  for (const Tag& tag : input.tags) {
    CICLO_CHECK(check_length("Dataset tag key", tag.key, max_input_tag_key_length));
    CICLO_CHECK(check_length(fmt::format("Dataset tag value of '{}'", tag.key.substr(0, 40)), tag.value,
                             max_input_tag_value_length));
  }
  return {};
}

Result<void> check_experiment_name(std::string_view name) {
  if (trim(name).empty()) return fail(ErrorCode::invalid, "Invalid experiment name: it is empty");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(name, is_control))
    return fail(ErrorCode::invalid, "Invalid experiment name: it holds a control character");
  return check_length("Experiment name", name, max_experiment_name_length);
}

Result<void> check_id(std::string_view id, std::string_view what) {
  const auto is_allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  if (!id.empty() && id.size() <= 256 && std::ranges::all_of(id, is_allowed)) return {};
  return fail(ErrorCode::invalid, fmt::format("Invalid {}: '{}'", what, id.substr(0, 256)));
}

Result<void> check_batch(const Batch& batch) {
  const auto check_count = [](std::string_view what, std::size_t count, std::size_t most) -> Result<void> {
    if (count <= most) return {};
    return fail(ErrorCode::invalid,
                fmt::format("A batch logging request can contain at most {} {}. Got {} {}. Please split up {} across "
                            "multiple requests and try again",
                            most, what, count, what, what));
  };
  CICLO_CHECK(check_count("metrics", batch.metrics.size(), max_batch_metrics));
  CICLO_CHECK(check_count("params", batch.params.size(), max_batch_params));
  CICLO_CHECK(check_count("tags", batch.tags.size(), max_batch_tags));
  CICLO_CHECK(check_count("metrics, params and tags", batch.metrics.size() + batch.params.size() + batch.tags.size(),
                          max_batch_items));
  for (const Metric& metric : batch.metrics) CICLO_CHECK(check_metric(metric));
  std::set<std::string_view> keys;
  for (const Param& param : batch.params) {
    CICLO_CHECK(check_param(param));
    if (!keys.insert(param.key).second) {
      return fail(ErrorCode::invalid, fmt::format("Duplicate parameter keys have been submitted: '{}'", param.key), {},
                  "each param may be given once in a batch");
    }
  }
  for (const Tag& tag : batch.tags) CICLO_CHECK(check_run_tag(tag));
  return {};
}

}  // namespace ciclo::tracking
