// The artifacts of a store that lie on this machine. Links are never followed out of a store, and a place counts only
// when it ends with the folder of the thing it is said to belong to.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"

namespace ciclo::portability {

class LocalArtifacts {
 public:
  // Folders that hold <experiment>/<run>/artifacts, tried in this order before the place that a URI names: the store's
  // own, and the one that mlflow-artifacts:/ means. Either may be empty.
  LocalArtifacts(const std::string& store, const std::string& served);

  Result<std::vector<ArtifactFile>> list(const ArtifactPlace& place, std::vector<std::string>& skipped) const;
  Result<Bytes> open(const ArtifactPlace& place, const ArtifactFile& file) const;

 private:
  Result<std::filesystem::path> find(const ArtifactPlace& place) const;

  std::vector<std::filesystem::path> roots_;
  bool is_served_known_ = false;
};

// An open file as Bytes; fails when it is no plain file.
Result<Bytes> read_file_pieces(const std::filesystem::path& file);

// Whether a relative path stays in its folder: no empty, "." or ".." part, no control character.
bool stays_inside(std::string_view path);

}  // namespace ciclo::portability
