// Files that only their owner may read, written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::server {

// Creates the folder with mode 0700 when it is missing; fails with what to do when it cannot be written.
Result<void> make_private_folder(const std::filesystem::path& folder);
// Mode 0600, synced, renamed into place.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace ciclo::server
