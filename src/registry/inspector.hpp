// Looks into a model's path before a version is made: is anything there, is it an MLflow model, what can it do, which
// run made it. What is found becomes the version's status:
//
//   location      {"key", "is_file"} in the blob store; absent for a remote path
//   size_bytes, files
//   checksum      "sha256:<64 hexadecimal digits>": of the one file, or of a folder's listing: a line "<sha256 of the
//                 file>  <path within the folder>\n" for every file, sorted by path byte by byte. So
//                 `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum` gives it, too
//   flavors, signature, model_uuid, mlflow_version, run_id   from the MLmodel file
//   model_id      of the logged model of MLflow 3 that the path leads to
//   job_name      when a job made it
//   data, code    of the run that trained it: see run_origin.hpp; absent when nothing is known
//   metrics       name → number: the latest of the run that trained it, of the run that registered it, and the
//   version's
//                 tags that are numbers (an evaluation's result), the later of these winning
//
// Thread safety: safe from any thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "data_estate/locations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/sql/database.hpp"
#include "resources/kind.hpp"

namespace ciclo::registry {

class ModelInspector {
 public:
  // Both must outlive it.
  ModelInspector(const data_estate::Locations& locations, blobs::BlobStore& blobs)
      : locations_(locations), blobs_(blobs) {}

  // Fills in type and status of a new version, and its lineage links. Fails with not_found when nothing is at the path,
  // invalid when it is no model of the type it says; targets are pointers into the document.
  Result<void> inspect(const resources::CheckContext& context, resources::Draft& draft) const;

 private:
  // Notes the run and the id of a logged model.
  Result<data_estate::Location> locate(const resources::CheckContext& context, resources::Resource& model) const;
  Result<std::string> checksum_of(const data_estate::Location& location,
                                  const std::vector<blobs::BlobInfo>& files) const;
  Result<void> describe_content(resources::Resource& model, const data_estate::Location& location) const;

  const data_estate::Locations& locations_;
  blobs::BlobStore& blobs_;
};

// What an MLmodel file says, as status fields; the file is YAML of at most 4 MiB. Fails with invalid.
Result<Json> read_mlmodel(std::string_view text);

}  // namespace ciclo::registry
