// Local files to the server's default datastore, once per content: the path holds the content's SHA-256, so a file or
// folder that is there already is not sent again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/session.hpp"
#include "cli/transfer.hpp"

namespace ciclo::cli {

// "azureml://datastores/workspaceblobstore/paths/LocalUpload/<sha256>/<name>". Of a folder, what .amlignore names and
// .git are left out; symbolic links are followed when they stay inside the folder and refused otherwise.
Result<std::string> upload(Session& session, const std::filesystem::path& local);

// What is left out of a folder: what .amlignore (else .gitignore) names and .git, or nothing.
enum class Leave : std::uint8_t { ignored_files, nothing };
// All files below a folder, by name.
Result<std::vector<LocalFile>> describe_folder(const std::filesystem::path& folder, Leave leave);

}  // namespace ciclo::cli
