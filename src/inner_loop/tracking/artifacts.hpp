// Where the artifacts of runs and logged models lie.
//
// Thread safety: pure functions, and functions that only use the store they are handed.
#pragma once

#include <chrono>
#include <functional>
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

// Where this server keeps artifacts, as URIs of runs begin.
inline constexpr std::string_view artifact_root = "mlflow-artifacts:/";

// The key of a path of the proxy that may be written: none of SharedArtifacts.
Result<std::string> writable_artifact_key(std::string_view workspace, std::string_view path);

// "1/ab12/artifacts/<path>": the same place as the proxy names it. Fails as artifact_key().
Result<std::string> proxied_path(std::string_view artifact_uri, std::string_view path);

// An address on this server that is good for one method and path until a time, for a client that sends no credential.
struct LinkWish {
  const http::Request& asked_by;  // by its caller, from the address that it used
  http::Method method;
  std::string path;  // percent-decoded
  std::chrono::seconds life;
};
// The whole URL. Fails with invalid when the request does not say which address it used.
using MakeLink = std::function<Result<std::string>(const LinkWish&)>;

// {"files": [{path, is_dir, file_size}, …]} of a folder; a missing one has none. `shown_prefix` is put before each
// name.
Result<Json> list_files(blobs::BlobStore& blobs, const std::string& key, std::string_view shown_prefix);

using data_estate::describe_blob;
using data_estate::receive_blob;
using data_estate::send_blob;

}  // namespace ciclo::tracking
