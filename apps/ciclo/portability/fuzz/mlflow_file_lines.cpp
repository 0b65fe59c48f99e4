// The lines of MLflow's file store, in pieces of any size: no crash, and the same lines however the bytes are cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "portability/file_lines.hpp"

namespace {

std::vector<std::string> lines_of(std::string_view text, std::size_t piece) {
  std::vector<std::string> lines;
  ciclo::portability::LineSplitter splitter([&](std::string_view line) -> ciclo::Result<void> {
    lines.emplace_back(line);
    return {};
  });
  for (std::size_t at = 0; at < text.size(); at += piece)
    if (!splitter.add(text.substr(at, piece))) return lines;
  if (!splitter.end()) lines.clear();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = lines_of(text, size + 1);
  if (whole != lines_of(text, 1 + size % 7)) std::abort();
  for (const std::string& line : whole) {
    for (const auto owner : {ciclo::portability::MetricOf::run, ciclo::portability::MetricOf::logged_model}) {
      const auto parsed = ciclo::portability::parse_metric_line(line, owner);
      if (!parsed && parsed.error().message.empty()) std::abort();
    }
  }
  return 0;
}
