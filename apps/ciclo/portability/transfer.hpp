// One store into another: experiments, their runs with histories and artifacts, logged models, traces and scorers, then
// registered models and versions, whose artifacts are there by then, evaluation data sets and webhooks. May be cut off
// anywhere and run again.
//
// Thread safety: one thread.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/sink.hpp"
#include "portability/source.hpp"

namespace ciclo::portability {

struct TransferSettings {
  std::set<std::string> experiments;  // names or ids; empty: all
  bool dry_run = false;               // only looks: what is found, and what of it is there
  bool with_artifacts = true;
  // Told now and then what was done so far, in words.
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

// One row of the final table.
struct Line {
  std::string what;
  std::size_t found = 0;
  std::size_t added = 0;
  std::size_t changed = 0;  // were there; something of them is new
  std::size_t present = 0;
  std::size_t skipped = 0;
};

struct ExperimentMapping {
  std::string name;
  std::string from;
  std::string to;  // empty in a dry run for one that is new
};

// The same thing said of many is told once: of whom first, and how often.
struct Difference {
  std::string first;
  std::string what;
  std::size_t count = 0;
};

struct Report {
  std::vector<Line> lines;
  std::vector<ExperimentMapping> experiments;
  std::vector<Difference> differences;
  std::vector<LeftBehind> left_behind;

  Line& line(const std::string& what);
  void differ(const std::string& who, const std::string& what);
  // Counts outcomes into a row; `noun` names one of them in a difference.
  void count(const std::string& what, const std::string& noun, const std::vector<Outcome>& outcomes);
  // Tells the progress.
  void tell(const TransferSettings& settings) const;
};

// Whether it is a place where clients read by themselves, whoever keeps the records.
bool is_remote(const std::string& uri);

Result<Report> transfer(Source& source, Sink& sink, const TransferSettings& settings);

// For people.
std::string render(const Report& report, bool dry_run);
Json to_json(const Report& report);

}  // namespace ciclo::portability
