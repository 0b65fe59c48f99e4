// Files and folder trees from the server to the disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/session.hpp"

namespace ciclo::cli {

// Percent-encodes each segment.
std::string encode_path(std::string_view path);

// The API path where the content of azureml://datastores/D/paths/P, azureml://jobs/J/outputs/O/paths/P, runs:/R/P or
// mlflow-artifacts:/P can be read.
// Fails with unsupported for other references.
Result<std::string> content_path(const std::string& workspace_path, const std::string& reference);

// Where a file of this name, which the server gave, belongs. Fails with invalid for a name that leads out of `folder`.
Result<std::filesystem::path> path_below(const std::filesystem::path& folder, const std::string& name);

// One file; appears whole or not at all.
Result<void> download_file(Session& session, const std::string& path, const std::filesystem::path& target);

// Everything below an API path that lists with ?recursive=true; how many files. A name that would leave `target` is
// refused. Files whose SHA-256 is listed go on where an earlier download of them stopped, and are checked.
Result<std::size_t> download_tree(Session& session, const std::string& path, const std::filesystem::path& target);

}  // namespace ciclo::cli
