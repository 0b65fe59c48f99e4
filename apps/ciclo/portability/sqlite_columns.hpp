// Internal to the parts that write MLflow's database: members of its JSON as columns.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/sql/database.hpp"
#include "portability/sink.hpp"

namespace ciclo::portability {

// What MLflow wraps outputs of evaluation records in, within its database.
inline constexpr std::string_view wrapped_output = "mlflow_wrapped";

inline Outcome outcome_of(std::int64_t added, std::string id) {
  return {.kind = added > 0 ? Outcome::Kind::added : Outcome::Kind::present, .id = std::move(id), .differences = {}};
}

inline sql::Value text_or_null(const Json& object, std::string_view key) {
  const std::string text = text_or(object, key);
  return text.empty() ? sql::Value(nullptr) : sql::Value(text);
}

inline sql::Value number_or_null(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_number() ? sql::Value(value.get<std::int64_t>()) : sql::Value(nullptr);
}

inline sql::Value real_or_null(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_number() ? sql::Value(value.get<double>()) : sql::Value(nullptr);
}

inline std::int64_t number_of(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  if (value.is_number()) return value.get<std::int64_t>();
  return parse_int(text_or(object, key)).value_or(0);
}

}  // namespace ciclo::portability
