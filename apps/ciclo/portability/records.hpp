// What moves between MLflow stores. Experiments, runs, logged models, registered models and versions are MLflow's JSON
// of them, as its REST API has it, with what that cannot say beside it: a run's info may have "deleted_time", a logged
// model's "lifecycle_stage", a metric of a logged model its "run_id", a version "aliases" as a list of texts.
// trace_forms.hpp has the form of a trace. A scorer has all its "versions" and how it was set to judge "online"; a
// webhook says whether it "has_secret", which never comes.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::portability {

// Some observations of one key of one run; three lists of one length.
struct History {
  std::string run_id;
  std::string key;
  std::vector<std::int64_t> steps;
  std::vector<std::int64_t> timestamps;  // Unix ms
  std::vector<double> values;            // also NaN and infinities

  std::size_t size() const { return values.size(); }
  void add(std::int64_t step, std::int64_t timestamp, double value) {
    steps.push_back(step);
    timestamps.push_back(timestamp);
    values.push_back(value);
  }
};

// Where one thing keeps its artifacts. `folder`: what its place must end with ("<run>/artifacts"), so that a store made
// by somebody else cannot name any folder of this machine.
struct ArtifactPlace {
  std::string uri;
  std::string experiment_id;  // in the source
  std::string folder;
  std::string run_id;  // empty: of no run
};

struct ArtifactFile {
  std::string path;  // relative, with '/'
  std::uint64_t size = 0;
};

// Reads one artifact from front to back; empty at the end.
using Bytes = std::function<Result<std::string>()>;

// What a source holds and does not come: "traces", 12.
struct LeftBehind {
  std::string what;
  std::int64_t count = 0;
};

using TakeItems = std::function<Result<void>(std::vector<Json>)>;
using TakeHistory = std::function<Result<void>(History)>;

// A failure that all the rest would meet too: nobody answers, or nobody lets us in.
inline bool ends_all(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::unauthenticated;
}

// "true" of the tag mlflow.prompt.is_prompt: a text without files.
bool is_prompt(const Json& tags);
// [{"key","value"}] → the value, or "".
std::string tag_of(const Json& tags, std::string_view key);
// About as many bytes as its text has, without writing that.
std::size_t size_of(const Json& value);
// The texts of a list; numbers as they are written, nothing else.
std::vector<std::string> texts_of(const Json& list);

}  // namespace ciclo::portability
