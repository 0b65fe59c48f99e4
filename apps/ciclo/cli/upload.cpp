#include "cli/upload.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <fstream>
#include <vector>

#include "base/text.hpp"
#include "cli/download.hpp"
#include "platform/blobs/checksum.hpp"

namespace ciclo::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_files = 100'000;

// Patterns of .amlignore (or .gitignore, as az): names or paths, `*` for any characters, a trailing '/' for folders.
std::vector<std::string> ignore_patterns(const fs::path& folder) {
  std::vector<std::string> patterns = {".git", "__pycache__"};
  for (const char* name : {".amlignore", ".gitignore"}) {
    std::ifstream in(folder / name);
    if (!in) continue;
    for (std::string line; std::getline(in, line);) {
      std::string pattern(trim(line));
      if (pattern.empty() || pattern.front() == '#' || pattern.front() == '!') continue;
      while (pattern.ends_with('/')) pattern.pop_back();
      if (pattern.starts_with('/')) pattern.erase(0, 1);
      patterns.push_back(std::move(pattern));
    }
    break;  // .amlignore wins
  }
  return patterns;
}

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*')
    return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         matches(pattern.substr(1), text.substr(1));
}

bool is_ignored(const std::vector<std::string>& patterns, const fs::path& relative) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return matches(pattern, relative.filename().string()) || matches(pattern, relative.generic_string());
  });
}

}  // namespace

Result<std::vector<LocalFile>> describe_folder(const fs::path& folder, Leave leave) {
  std::vector<LocalFile> files;
  const auto patterns = leave == Leave::ignored_files ? ignore_patterns(folder) : std::vector<std::string>();
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    const fs::path relative = at->path().lexically_relative(root);
    if (is_ignored(patterns, relative)) {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    if (at->is_symlink()) {
      const fs::path target = fs::canonical(at->path(), error);
      if (error || target.lexically_relative(root).generic_string().starts_with(".."))
        return fail(ErrorCode::invalid, fmt::format("'{}' is a link that leads out of the folder", at->path().string()),
                    {}, "copy what it points to, or name it in .amlignore");
    }
    if (!at->is_regular_file()) continue;
    if (files.size() == max_files)
      return fail(ErrorCode::too_large, fmt::format("the folder has more than {} files", max_files));
    CICLO_TRY(auto file, describe_file(at->path(), relative.generic_string()));
    files.push_back(std::move(file));
  }
  if (error) return fail(ErrorCode::invalid, fmt::format("cannot read '{}': {}", folder.string(), error.message()));
  std::ranges::sort(files, {}, &LocalFile::name);
  return files;
}

Result<std::string> upload(Session& session, const fs::path& local) {
  const bool is_folder = fs::is_directory(local);
  std::vector<LocalFile> files;
  if (is_folder) {
    CICLO_TRY(files, describe_folder(local, Leave::ignored_files));
    if (files.empty())
      return fail(ErrorCode::invalid, fmt::format("the folder '{}' has no files to upload", local.string()));
  } else {
    CICLO_TRY(auto file, describe_file(local, local.filename().string()));
    files.push_back(std::move(file));
  }
  const std::string folder_name = is_folder ? fs::canonical(local).filename().string() : "";
  blobs::Sha256 sum;
  sum.add(folder_name + "\n");
  for (const LocalFile& file : files) sum.add(file.name + "\n" + file.sha256 + "\n");
  const std::string home = "LocalUpload/" + sum.finish();
  CICLO_TRY(const std::string workspace, session.workspace_path());
  const std::string base = workspace + "/datastores/workspaceblobstore/paths/" + home;
  const std::string target = "azureml://datastores/workspaceblobstore/paths/" + home;
  const std::string reference = target + "/" + (is_folder ? folder_name : files.front().name);

  const std::string mark = session.url(base + ".complete");
  CICLO_TRY(const auto marker, session.raw({.method = http::Method::head, .url = mark}));
  if (marker.status == 200) return reference;
  for (const LocalFile& file : files) {
    const std::string name = is_folder ? folder_name + "/" + file.name : file.name;
    CICLO_CHECK(send_file(session, file, {.path = base + "/" + encode_path(name), .target = target + "/" + name}));
  }
  CICLO_TRY(const auto done, session.raw({.method = http::Method::put, .url = mark, .body = "{}"}));
  if (done.status >= 400) return Failure(error_of(done));
  return reference;
}

}  // namespace ciclo::cli
