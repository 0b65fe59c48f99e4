// The files of runs, logged models and versions from a source to a sink: once, and never over another content.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "portability/sink.hpp"
#include "portability/source.hpp"

namespace ciclo::portability {

struct Report;

class ArtifactTransfer {
 public:
  // All must outlive it.
  ArtifactTransfer(Source& source, Sink& sink, Report& report) : source_(source), sink_(sink), report_(report) {}

  // Files of one place. `who` names it in the report; what cannot be reached or written is told there. Fails only when
  // the target does.
  Result<void> move(const ArtifactPlace& place, const std::string& target_folder, const std::string& who);
  // That what was at `uri` is in `target_folder`, for moved().
  void remember(const std::string& uri, const std::string& target_folder);
  // Where something below a remembered URI is in the target.
  std::optional<std::string> moved(const std::string& uri) const;

 private:
  Result<void> move_file(const ArtifactPlace& place, const ArtifactFile& file, const std::string& target_folder);
  // Whether the target's file has the content of the source's.
  Result<bool> is_same(const ArtifactPlace& place, const ArtifactFile& file, const KnownFile& known);

  Source& source_;
  Sink& sink_;
  Report& report_;
  std::map<std::string, std::string> places_;
};

}  // namespace ciclo::portability
