// What scorers, data sets and their records may be, whoever brings them. Every failure is ErrorCode::invalid and names
// the field.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::evaluation {

inline constexpr std::size_t max_records_of_a_call = 10'000;
inline constexpr std::size_t max_records_body = std::size_t{64} << 20U;
inline constexpr std::size_t max_scorer_bytes = std::size_t{1} << 20U;

// A NUL character is what PostgreSQL cannot store.
Result<void> check_storable(std::string_view value, std::string_view field);

Result<void> check_scorer_name(std::string_view name);
// JSON of an object, up to max_scorer_bytes, that holds no source code (`call_source`).
Result<void> check_serialized_scorer(std::string_view serialized);
// A filter of the traces that a scorer judges; it is not parsed.
Result<void> check_online_filter(std::string_view filter);

Result<void> check_dataset_name(std::string_view name);
// Values that are no texts count as their JSON.
Result<void> check_dataset_tag(std::string_view key, const Json& value);
Result<void> check_dataset_tags(const Json& tags);

// An object whose inputs, expectations and tags are objects or missing.
Result<void> check_record(const Json& record);
// {"source_type", "source_data"} with the type in upper case; null when `given` is no object. Fails for another type.
Result<Json> record_source(const Json& given);

}  // namespace ciclo::evaluation
