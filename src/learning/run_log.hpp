// Where a step tells what it does: parameters, metrics and artifacts of its run, and lines for people.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace ciclo::learning {

using Metrics = std::vector<std::pair<std::string, double>>;
using Parameters = std::vector<std::pair<std::string, std::string>>;

class RunLog {
 public:
  virtual ~RunLog() = default;
  virtual Result<void> parameters(const Parameters& values) = 0;
  virtual Result<void> tags(const Parameters& values) = 0;
  // One value of each metric at `step`.
  virtual Result<void> metrics(const Metrics& values, std::int64_t step = 0) = 0;
  // The values of one metric at steps 1, 2, ….
  virtual Result<void> series(const std::string& metric, const std::vector<double>& values) = 0;
  // A file, kept as the run's artifact `path` ("evaluation/confusion.json").
  virtual Result<void> artifact(const std::filesystem::path& file, const std::string& path) = 0;
};

// Keeps nothing: for steps run by hand, without a tracking server.
class NoRunLog final : public RunLog {
 public:
  Result<void> parameters(const Parameters&) override { return {}; }
  Result<void> tags(const Parameters&) override { return {}; }
  Result<void> metrics(const Metrics&, std::int64_t) override { return {}; }
  Result<void> series(const std::string&, const std::vector<double>&) override { return {}; }
  Result<void> artifact(const std::filesystem::path&, const std::string&) override { return {}; }
};

// A line of progress for a person.
using Say = std::function<void(const std::string&)>;

}  // namespace ciclo::learning
