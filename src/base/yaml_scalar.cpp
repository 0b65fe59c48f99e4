#include "base/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace ciclo {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<bool> read_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::string_view without_sign(std::string_view text) {
  return !text.empty() && (text.front() == '+' || text.front() == '-') ? text.substr(1) : text;
}

std::size_t count_digits(std::string_view text) {
  const auto* const end = std::ranges::find_if_not(text, is_digit);
  return static_cast<std::size_t>(end - text.begin());
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_decimal(std::string_view text) {
  text = without_sign(text);
  const std::size_t whole = count_digits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = count_digits(text);
    if (whole + fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text = without_sign(text.substr(1));
  return !text.empty() && count_digits(text) == text.size();
}

bool is_whole(std::string_view text) {
  text = without_sign(text);
  return !text.empty() && count_digits(text) == text.size();
}

double read_double(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars leaves the value alone when it does not fit: too small is zero, too large no number at all.
  if (error == std::errc::result_out_of_range) {
    const std::size_t exponent = text.find_first_of("eE");
    return exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-') ? 0.0 : HUGE_VAL;
  }
  return value;
}

// 0x… and 0o…; a value above 64 bits becomes a float as for decimals.
std::optional<Json> read_based(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'o')) return std::nullopt;
  const int base = text[1] == 'x' ? 16 : 8;
  const std::string_view digits = text.substr(2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end != digits.data() + digits.size() || digits.front() == '-') return std::nullopt;
  if (error == std::errc()) return Json(value);
  double wide = 0;
  for (const char c : digits) wide = wide * base + (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  return Json(wide);
}

bool is_infinity_or_nan(std::string_view text) {
  static constexpr std::array<std::string_view, 3> nan = {".nan", ".NaN", ".NAN"};
  static constexpr std::array<std::string_view, 3> infinity = {".inf", ".Inf", ".INF"};
  return std::ranges::find(nan, text) != nan.end() || std::ranges::find(infinity, without_sign(text)) != infinity.end();
}

// Words that YAML 1.1 readers take for booleans.
bool is_old_boolean(std::string_view text) {
  static constexpr std::array<std::string_view, 6> words = {"y", "n", "yes", "no", "on", "off"};
  return std::ranges::any_of(words, [&](std::string_view word) { return iequals(word, text); });
}

// Dates, times, 1_000, 0b1, versions: anything made of what numbers are made of.
bool looks_like_number(std::string_view text) {
  static constexpr std::string_view starts = "0123456789+-.";
  return starts.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of("0123456789+-.,:_eEabcdfABCDFoxTZ ") == std::string_view::npos;
}

}  // namespace

std::optional<Json> resolve_yaml_scalar(std::string_view text) {
  if (is_null_word(text)) return Json(nullptr);
  if (const auto flag = read_bool(text)) return Json(*flag);
  if (auto based = read_based(text)) return based;
  if (is_whole(text)) {
    if (const auto value = parse_int(text.starts_with('+') ? text.substr(1) : text)) return Json(*value);
  }
  if (is_decimal(text)) {
    const double value = read_double(text);
    if (!std::isfinite(value)) return std::nullopt;
    return Json(value);
  }
  if (is_infinity_or_nan(text)) return std::nullopt;
  return Json(std::string(text));
}

bool is_plain_yaml_string(std::string_view text) {
  if (text.empty() || is_old_boolean(text) || looks_like_number(text)) return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`=<~. ").find(text.front()) != std::string_view::npos) return false;
  if (text.back() == ':' || text.back() == ' ') return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  const auto resolved = resolve_yaml_scalar(text);
  if (!resolved || !resolved->is_string()) return false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto code_point = take_code_point(rest);
    // Control characters, the other line breaks of Unicode and the byte order mark must be escaped.
    if (!code_point || *code_point < 0x20 || (*code_point >= 0x7F && *code_point < 0xA0)) return false;
    if (*code_point == 0x2028 || *code_point == 0x2029 || *code_point == 0xFEFF || *code_point >= 0xFFFE) return false;
  }
  return true;
}

}  // namespace ciclo
