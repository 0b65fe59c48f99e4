// Small text functions that the standard library lacks.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);           // ASCII only
std::string to_upper(std::string_view text);           // ASCII only
bool iequals(std::string_view a, std::string_view b);  // ASCII only
std::string replace_all(std::string text, std::string_view from, std::string_view to);

// Whole text as a number; nothing when there is anything else in it or it does not fit.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// The candidate with the smallest Damerau-Levenshtein distance to `word`, when that is at most a third of the word's
// length plus one; used for "did you mean". Nothing when none is near.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// Compares in time that depends only on the lengths: for credentials.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ciclo
