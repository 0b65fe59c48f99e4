#include "base/duration.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"

namespace ciclo {
namespace {

struct Unit {
  char letter;
  bool is_time;  // stands after the T
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units = {{{'W', false, 7 * 86'400'000LL},
                                        {'D', false, 86'400'000LL},
                                        {'H', true, 3'600'000LL},
                                        {'M', true, 60'000LL},
                                        {'S', true, 1'000LL}}};
constexpr std::int64_t longest = 36'525 * 86'400'000LL;

Failure invalid(std::string_view text, std::string message) {
  return fail(ErrorCode::invalid, std::move(message), std::string(text.substr(0, 80)),
              "write an ISO 8601 duration such as P7D, PT15M or P1DT2H");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "12" or "12.5" at the front; the fraction is in thousandths.
struct Number {
  std::int64_t whole = 0;
  std::int64_t thousandths = 0;
  bool has_fraction = false;
};

std::optional<Number> take_number(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto whole = parse_int(text.substr(0, digits));
  if (digits == 0 || digits > 15 || !whole) return std::nullopt;
  Number number{*whole, 0, false};
  text.remove_prefix(digits);
  if (text.empty() || (text.front() != '.' && text.front() != ',')) return number;
  text.remove_prefix(1);
  number.has_fraction = true;
  std::int64_t scale = 100;
  std::size_t fraction_digits = 0;
  for (; !text.empty() && is_digit(text.front()); ++fraction_digits) {
    number.thousandths += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return fraction_digits == 0 ? std::nullopt : std::optional(number);
}

}  // namespace

Result<Milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-')) return invalid(text, "a duration cannot be negative");
  if (!rest.starts_with('P')) return invalid(text, "a duration begins with 'P'");
  rest.remove_prefix(1);
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  bool in_time = false;
  bool needs_part = true;
  while (!rest.empty()) {
    if (rest.front() == 'T' && !in_time) {
      in_time = needs_part = true;
      rest.remove_prefix(1);
      continue;
    }
    const auto number = take_number(rest);
    if (!number || rest.empty()) return invalid(text, "expected a number and its unit");
    const char letter = rest.front();
    if (letter == 'Y' || (letter == 'M' && !in_time))
      return invalid(text, "years and months have no fixed length; give weeks or days");
    while (next_unit < units.size() && (units[next_unit].letter != letter || units[next_unit].is_time != in_time))
      ++next_unit;
    if (next_unit == units.size())
      return invalid(text, "expected the units W, D and, after a 'T', H, M, S, in this order");
    if (number->has_fraction && letter != 'S') return invalid(text, "only seconds may have a fraction");
    const std::int64_t unit = units[next_unit++].milliseconds;
    if (number->whole > longest / unit) return invalid(text, "a duration is at most 100 years");
    total += number->whole * unit + number->thousandths;
    needs_part = false;
    rest.remove_prefix(1);
  }
  if (needs_part) return invalid(text, "expected a number and its unit");
  if (total > longest) return invalid(text, "a duration is at most 100 years");
  return Milliseconds(total);
}

std::string format_duration(Milliseconds duration) {
  const bool negative = duration.count() < 0;
  // Unsigned, for the lowest value has no positive counterpart.
  std::uint64_t rest =
      negative ? 0 - static_cast<std::uint64_t>(duration.count()) : static_cast<std::uint64_t>(duration.count());
  std::string out = negative ? "-P" : "P";
  const auto append = [&](std::uint64_t unit, char letter) {
    if (rest >= unit) out += fmt::format("{}{}", rest / unit, letter);
    rest %= unit;
  };
  append(86'400'000, 'D');
  if (rest == 0 && out.back() != 'P') return out;
  out += 'T';
  append(3'600'000, 'H');
  append(60'000, 'M');
  if (rest == 0 && out.back() != 'T') return out;
  std::string seconds = fmt::format("{}", rest / 1000);
  if (rest % 1000 != 0) {
    seconds += fmt::format(".{:03}", rest % 1000);
    while (seconds.back() == '0') seconds.pop_back();
  }
  return out + seconds + "S";
}

}  // namespace ciclo
