// The lines of MLflow's file store: a metric's file has one observation a line, "<timestamp> <value> [<step> [<data
// set> <digest>]]", apart by single blanks; a logged model's has the run after the step. A data set's name may hold
// blanks.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "portability/records.hpp"

namespace ciclo::portability {

// Longest line that is taken; longer ones are malformed.
inline constexpr std::size_t max_line_bytes = 2048;

struct MetricLine {
  std::int64_t timestamp = 0;
  double value = 0;
  std::int64_t step = 0;
  std::string run_id;  // of a logged model's metric
  std::string dataset_name;
  std::string dataset_digest;
};
// Fails with invalid, saying what is wrong.
enum class MetricOf : std::uint8_t { run, logged_model };
Result<MetricLine> parse_metric_line(std::string_view line, MetricOf owner = MetricOf::run);

// Takes a file's bytes in pieces of any size and gives whole lines; the last one needs no line's end.
class LineSplitter {
 public:
  using Take = std::function<Result<void>(std::string_view)>;
  explicit LineSplitter(Take take) : take_(std::move(take)) {}
  // Fails with invalid for a line over the limit, and as `take` does.
  Result<void> add(std::string_view bytes);
  Result<void> end();

 private:
  Take take_;
  std::string rest_;
};

}  // namespace ciclo::portability
