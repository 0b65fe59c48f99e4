#include "portability/file_lines.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/text.hpp"

namespace ciclo::portability {
namespace {

std::optional<double> value_of(std::string_view text) {
  const std::string word = to_lower(text);
  const std::string_view bare =
      word.starts_with('-') || word.starts_with('+') ? std::string_view(word).substr(1) : word;
  if (bare == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (bare == "inf" || bare == "infinity")
    return word.front() == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return parse_double(text);
}

}  // namespace

Result<MetricLine> parse_metric_line(std::string_view line, MetricOf owner) {
  const auto malformed = [&](std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("malformed line of a metric: {}", what));
  };
  auto words = split(trim(line), ' ');
  MetricLine parsed;
  if (owner == MetricOf::logged_model) {
    if (words.size() < 4) return malformed("it needs a time, a value, a step and a run");
    parsed.run_id = words[3];
    words.erase(words.begin() + 3);
  }
  if (words.size() < 2 || words.size() == 4)
    return malformed("it needs a time, a value, and maybe a step and a data set");
  const auto timestamp = parse_int(words[0]);
  if (!timestamp) return malformed("the time is no whole number");
  parsed.timestamp = *timestamp;
  const auto value = value_of(words[1]);
  if (!value) return malformed("the value is no number");
  parsed.value = *value;
  if (words.size() == 2) return parsed;
  const auto step = parse_int(words[2]);
  if (!step) return malformed("the step is no whole number");
  parsed.step = *step;
  if (words.size() == 3) return parsed;
  parsed.dataset_digest = words.back();
  parsed.dataset_name = join({words.begin() + 3, words.end() - 1}, " ");
  return parsed;
}

Result<void> LineSplitter::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (rest_.size() + part.size() > max_line_bytes) return fail(ErrorCode::invalid, "a line is too long");
    if (end == std::string_view::npos) {
      rest_ += part;
      return {};
    }
    if (rest_.empty()) {
      CICLO_CHECK(take_(part));
    } else {
      rest_ += part;
      CICLO_CHECK(take_(rest_));
      rest_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Result<void> LineSplitter::end() {
  if (rest_.empty()) return {};
  const std::string last = std::move(rest_);
  rest_.clear();
  return take_(last);
}

}  // namespace ciclo::portability
