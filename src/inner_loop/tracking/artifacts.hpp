// Where the artifacts of runs and logged models lie.
//
// Thread safety: pure functions, and functions that only use the store they are handed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "data_estate/blob_transfer.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/message.hpp"

namespace ciclo::tracking {

// "mlflow-artifacts:/1/ab12/artifacts" and a relative path → "<workspace>/mlflow/1/ab12/artifacts/<path>". Fails with
// invalid for a path that leaves its folder, unsupported for artifacts that do not lie on this server.
Result<std::string> artifact_key(std::string_view workspace, std::string_view artifact_uri, std::string_view path = {});

// What the artifacts proxy shows, read-only, beside the artifacts of runs and logged models: paths that begin with '@'.
// Owned here, implemented by the registry for "@models/<name>/<version>/…".
class SharedArtifacts {
 public:
  virtual ~SharedArtifacts() = default;
  // The blob or folder that such a path means. Fails with not_found, invalid.
  virtual Result<std::string> key_of(const std::string& workspace, const std::string& path) = 0;
};

// {"files": [{path, is_dir, file_size}, …]} of a folder; a missing one has none. `shown_prefix` is put before each
// name.
Result<Json> list_files(blobs::BlobStore& blobs, const std::string& key, std::string_view shown_prefix);

using data_estate::receive_blob;
using data_estate::send_blob;

}  // namespace ciclo::tracking
