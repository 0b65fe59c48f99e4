// The traces of experiments from a source to a sink: with their spans, assessments and links, and the files of those
// that have some.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/artifact_transfer.hpp"
#include "portability/sink.hpp"
#include "portability/source.hpp"
#include "portability/transfer.hpp"

namespace ciclo::portability {

class TraceTransfer {
 public:
  // All must outlive it.
  TraceTransfer(Source& source, Sink& sink, const TransferSettings& settings, Report& report, ArtifactTransfer& files)
      : source_(source), sink_(sink), settings_(settings), report_(report), files_(files) {}

  // `target_id`: the experiment's in the target.
  Result<void> move(const std::string& experiment_id, const std::string& target_id);
  // A dry run: counts.
  Result<void> look(const std::string& experiment_id);

 private:
  void count_parts(const Json& trace);
  Result<void> take(Json trace);
  Result<void> send();
  Result<void> move_files(const Json& trace);

  Source& source_;
  Sink& sink_;
  const TransferSettings& settings_;
  Report& report_;
  ArtifactTransfer& files_;
  std::string from_;  // the experiment at hand
  std::string to_;
  std::vector<Json> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace ciclo::portability
