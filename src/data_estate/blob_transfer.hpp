// Blobs over HTTP, in pieces of 256 KiB either way, so that an upload or download of any size takes the same memory.
//
// Thread safety: functions that only use the store they are handed.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/message.hpp"

namespace ciclo::data_estate {

// The blob as an answer that is always saved, never shown as a page of this server.
Result<http::Response> send_blob(blobs::BlobStore& blobs, const std::string& key);
// The request's streamed body as a blob. Fails with invalid, and keeps nothing, when it is not the one with
// `expected_sha256`.
Result<blobs::BlobInfo> receive_blob(blobs::BlobStore& blobs, const std::string& key, http::BodyReader& body,
                                     std::optional<std::string> expected_sha256 = std::nullopt);
// {"value":[{name,is_folder,size}]} of what lies directly below a folder.
Result<Json> list_folder(blobs::BlobStore& blobs, const std::string& key);
// {"value":[{name,size}]} of all files below a folder, with names relative to it; of a file, itself.
Result<Json> list_tree(blobs::BlobStore& blobs, const std::string& key);

}  // namespace ciclo::data_estate
