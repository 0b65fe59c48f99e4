// ISO 8601 durations ("P7D", "PT15M", "P1DT2H30M", "PT0.5S"), as monitors and schedules write them.
//
// Weeks, days, hours, minutes and seconds, in this order, each at most once; a week is 7 days and a day 24 hours. Only
// seconds may have a fraction, cut to milliseconds. Years and months have no fixed length and are refused, and so are
// negative durations and more than 100 years.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo {

// Fails with ErrorCode::invalid and the text as the target.
Result<Milliseconds> parse_duration(std::string_view text);

// The shortest form in days, hours, minutes and seconds ("P7D", "PT1H30M", "PT0S"); a negative one gets a leading '-'.
std::string format_duration(Milliseconds duration);

}  // namespace ciclo
