#include "inner_loop/evaluation/limits.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::evaluation {
namespace {

constexpr std::size_t max_scorer_name_bytes = 256;
constexpr int max_depth = 32;
constexpr std::size_t max_filter_bytes = 16U << 10U;
constexpr std::size_t max_dataset_name_bytes = 255;
constexpr std::size_t max_tag_bytes = 5000;

bool holds_source(const Json& value, int depth) {
  if (depth > max_depth) return true;
  if (value.is_array()) {
    for (const Json& item : value)
      if (holds_source(item, depth + 1)) return true;
    return false;
  }
  if (!value.is_object()) return false;
  for (const auto& [key, item] : value.items())
    if ((key == "call_source" && !item.is_null()) || holds_source(item, depth + 1)) return true;
  return false;
}

}  // namespace

Result<void> check_storable(std::string_view value, std::string_view field) {
  if (value.find('\0') == std::string_view::npos) return {};
  return fail(ErrorCode::invalid, fmt::format("'{}' holds a NUL character", field), std::string(field));
}

Result<void> check_scorer_name(std::string_view name) {
  if (trim(name).empty())
    return fail(ErrorCode::invalid, "Scorer name cannot be empty or contain only whitespace", "name");
  if (name.size() > max_scorer_name_bytes)
    return fail(ErrorCode::invalid, "the scorer's name is longer than 256 bytes", "name");
  return check_storable(name, "name");
}

Result<void> check_serialized_scorer(std::string_view serialized) {
  if (serialized.size() > max_scorer_bytes)
    return fail(ErrorCode::invalid, "serialized_scorer is longer than 1 MiB", "serialized_scorer");
  CICLO_CHECK(check_storable(serialized, "serialized_scorer"));
  const auto parsed = parse_json(serialized);
  if (!parsed || !parsed->is_object())
    return fail(ErrorCode::invalid, "serialized_scorer must be valid JSON", "serialized_scorer");
  if (!holds_source(*parsed, 0)) return {};
  return fail(ErrorCode::invalid, "Registering scorers made with the @scorer decorator is not supported",
              "serialized_scorer", "their source code would run where they are loaded; use a built-in or an LLM judge");
}

Result<void> check_online_filter(std::string_view filter) {
  if (filter.size() > max_filter_bytes)
    return fail(ErrorCode::invalid, "filter_string is longer than 16 KiB", "filter_string");
  return check_storable(filter, "filter_string");
}

Result<void> check_dataset_name(std::string_view name) {
  if (trim(name).empty() || name.size() > max_dataset_name_bytes)
    return fail(ErrorCode::invalid, "Invalid dataset name", "name", "a name has 1 to 255 bytes");
  return check_storable(name, "name");
}

Result<void> check_dataset_tag(std::string_view key, const Json& value) {
  if (key.empty() || key.size() > tracking::max_key_length)
    return fail(ErrorCode::invalid, fmt::format("Invalid tag name '{}'", key.substr(0, 40)), "tags");
  const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
  if (text.size() > max_tag_bytes)
    return fail(ErrorCode::invalid, fmt::format("the tag '{}' is longer than {}", key, max_tag_bytes), "tags");
  CICLO_CHECK(check_storable(key, "tags"));
  return check_storable(text, "tags");
}

Result<void> check_dataset_tags(const Json& tags) {
  if (!tags.is_object()) return fail(ErrorCode::invalid, "tags must be a JSON object", "tags");
  for (const auto& [key, value] : tags.items()) CICLO_CHECK(check_dataset_tag(key, value));
  return {};
}

Result<void> check_record(const Json& record) {
  if (!record.is_object()) return fail(ErrorCode::invalid, "a record must be a JSON object", "records");
  for (const char* field : {"inputs", "expectations", "tags"}) {
    const Json& value = member(record, field);
    if (!value.is_null() && !value.is_object())
      return fail(ErrorCode::invalid, fmt::format("'{}' of a record must be a JSON object", field), "records");
  }
  return {};
}

Result<Json> record_source(const Json& given) {
  if (!given.is_object()) return Json(nullptr);
  const std::string type = to_upper(text_or(given, "source_type", "UNSPECIFIED"));
  for (const char* known : {"UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE"}) {
    if (type != known) continue;
    const Json& data = member(given, "source_data");
    return Json{{"source_type", type}, {"source_data", data.is_object() ? data : Json::object()}};
  }
  return fail(ErrorCode::invalid, fmt::format("Invalid dataset record source type: {}", type.substr(0, 40)), "records",
              "it is UNSPECIFIED, TRACE, HUMAN, DOCUMENT or CODE");
}

}  // namespace ciclo::evaluation
