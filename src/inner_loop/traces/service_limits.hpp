// What may be written to a trace: how long it may be, as MLflow has it (lengths count characters), by whom, and what
// stays.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "inner_loop/traces/types.hpp"
#include "resources/caller.hpp"

namespace ciclo::traces {

inline constexpr std::size_t max_value_length = 8000;  // of a tag or of metadata; longer ones are cut, as MLflow does
inline constexpr std::size_t max_session_length = 250;
inline constexpr std::size_t max_preview_length = 1000;
inline constexpr std::size_t max_name_length = 4096;  // of a trace
inline constexpr std::size_t max_assessment_name_length = 250;
inline constexpr std::size_t max_links = 100;  // traces linked to a run by one request

// The first `length` characters.
std::string cut_to(std::string_view text, std::size_t length);
std::string cut_value(std::string_view text);

// Tags that say where the spans and files are; no client may change them.
bool is_protected_tag(std::string_view key);
// Key and value of a tag that a client sets; cuts the value. Fails with invalid.
Result<Tag> checked_tag(std::string_view key, std::string_view value);
// Fails with denied unless the trace's experiment is among `writable`.
Result<void> check_writable(const Trace& trace, const resources::Reach& writable);
Result<void> check_trace_id(std::string_view trace_id);

// A client's final word about a trace that is there leaves what it does not say as it was.
void keep_from(const Trace& before, Trace& trace);

// The tags that the server itself sets: where the files are, and that the spans are here.
Tag artifact_location_tag(const tracking::Experiment& experiment, const std::string& trace_id);
Tag stored_spans_tag();

}  // namespace ciclo::traces
