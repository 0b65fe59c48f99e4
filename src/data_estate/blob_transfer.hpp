// Blobs over HTTP, in pieces either way, so that an upload or download of any size takes the same memory.
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

// The blob as an answer that is always saved, never shown as a page of this server. With its SHA-256 as ETag and
// Repr-Digest; honours Range, If-Range, If-Match and If-None-Match.
Result<http::Response> send_blob(blobs::BlobStore& blobs, const std::string& key, const http::Request& request);
// The request's streamed body as a blob. Fails with invalid, and keeps nothing, when it has not the SHA-256 that the
// request's headers announce.
Result<blobs::BlobInfo> receive_blob(blobs::BlobStore& blobs, const std::string& key, const http::Request& request);
// Puts ETag and Repr-Digest of a stored blob into an answer.
void describe_blob(http::Response& response, std::string_view sha256);

// What a path means: with ?recursive=true or ?list=true what lies there as below, else the blob.
Result<http::Response> send_path(blobs::BlobStore& blobs, const std::string& key, const http::Request& request);
// {"value":[{name,is_folder,size,sha256}]} of what lies directly below a folder.
Result<Json> list_folder(blobs::BlobStore& blobs, const std::string& key);
// {"value":[{name,size,sha256}]} of all files below a folder, with names relative to it; of a file, itself,
// and "is_file": true.
Result<Json> list_tree(blobs::BlobStore& blobs, const std::string& key);

// The blob there, or all of the folder. What is not there is no error.
Result<void> remove_path(blobs::BlobStore& blobs, const std::string& key);

}  // namespace ciclo::data_estate
