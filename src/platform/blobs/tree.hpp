// The files below a folder, found without following symbolic links, also when someone swaps a folder for one meanwhile.
// Internal to platform/blobs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "platform/blobs/blob_store.hpp"
#include "platform/blobs/posix_files.hpp"

namespace ciclo::blobs {

struct FoundTree {
  std::vector<TreeFile> files;
  // What was named is a file: `relative` is then its name in its folder.
  bool is_single_file = false;
};

// `opened` is what lies at `from`. Keys are `key`/<relative>, or `key` itself for a file.
Result<FoundTree> find_tree(int opened, const std::filesystem::path& from, const std::string& key,
                            const TreeLimits& limits);

// Opens a found file for reading; fails when it is no plain file any more.
Result<Descriptor> open_tree_file(int folder, const TreeFile& file);

}  // namespace ciclo::blobs
