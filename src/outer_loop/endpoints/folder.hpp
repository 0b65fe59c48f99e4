// The folder of an endpoint, <data>/endpoints/<workspace>/<endpoint>/, all of it readable by the server's user alone:
//
//   scorer.json     what the scorer is to serve, or is trying to
//   accepted.json   {"config","pid","generation"}: what it does serve, as it last said
//   scorer.log      its output, and that of Python models
//   scorer.process  which process it is; scorer.exit: how it ended (platform/process)
//   models/, code/  copies of what deployments are made of
//
// Thread safety: one controller call at a time per endpoint; reading the log from anywhere.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/blobs/blob_store.hpp"

namespace ciclo::outer_loop {

struct EndpointFolder {
  std::filesystem::path root;

  std::filesystem::path config() const { return root / "scorer.json"; }
  std::filesystem::path accepted() const { return root / "accepted.json"; }
  std::filesystem::path log() const { return root / "scorer.log"; }
  std::filesystem::path process() const { return root / "scorer.process"; }
  std::filesystem::path exit_file() const { return root / "scorer.exit"; }
};

Result<void> make_private_folder(const std::filesystem::path& folder);  // mode 0700, with its parents
// Mode 0600, written beside, synced and renamed.
Result<void> write_private_json(const std::filesystem::path& file, const Json& value);
// Null when there is no such file, or it is no JSON.
Json read_json(const std::filesystem::path& file);
// The last lines of a text file, at most 64 KiB; empty when it is missing.
std::string last_lines(const std::filesystem::path& file, std::size_t lines);

// A copy of a blob or of a folder of blobs below `parent`, checked against its checksums; whole at once, and in a
// folder named by what was copied, so that it is made once. What is answered is that folder, or the file in it.
// not_found when there is nothing.
Result<std::filesystem::path> copy_from_blobs(blobs::BlobStore& blobs, const std::string& key,
                                              const std::filesystem::path& parent);

}  // namespace ciclo::outer_loop
