// What writers left below a folder store's temporary/ when they were killed: uploads that were never finished, folders
// on their way out. The store removes what is older than a day when it is opened; this does it while it runs.
//
// Thread safety: safe from any thread, also beside writers: a file that is being written changes all the time.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/error.hpp"

namespace ciclo::blobs {

struct LeftoverCount {
  std::int64_t count = 0;  // files and folders directly below temporary/
  std::uint64_t bytes = 0;
};

// Those last changed at `before` (Unix ms) or earlier; only counts them when `dry_run`. `root`: the store's folder.
// What cannot be removed is left, and not counted.
Result<LeftoverCount> sweep_leftovers(const std::filesystem::path& root, std::int64_t before, bool dry_run);

}  // namespace ciclo::blobs
