// Internal to this folder: takes secret values out of files that a program has written.
//
// Thread safety: for files that nobody writes meanwhile.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ciclo::process {

// Every regular file below the folder; links are not followed. A file without a value stays as it is; one that cannot
// be rewritten is removed, so that nothing collects it.
void mask_files(const std::filesystem::path& folder, const std::vector<std::string>& values);

}  // namespace ciclo::process
