#include "cli/upload.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/text.hpp"
#include "cli/download.hpp"

namespace ciclo::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1U << 20U;
constexpr std::size_t max_files = 100'000;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    std::string out;
    for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

struct LocalFile {
  fs::path path;
  std::string name;  // relative, with '/'
  std::uint64_t size = 0;
  std::string sha256;
};

Failure cannot_read(const fs::path& path) {
  return fail(ErrorCode::invalid, fmt::format("cannot read '{}': {}", path.string(), std::strerror(errno)));
}

Result<LocalFile> describe(const fs::path& path, std::string name) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return cannot_read(path);
  LocalFile file{.path = path, .name = std::move(name), .size = 0, .sha256 = {}};
  Sha256 sum;
  std::string piece(piece_bytes, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    sum.add(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
    file.size += static_cast<std::uint64_t>(in.gcount());
  }
  if (in.bad()) return cannot_read(path);
  file.sha256 = sum.hex();
  return file;
}

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

Result<std::vector<LocalFile>> describe_folder(const fs::path& folder) {
  std::vector<LocalFile> files;
  const auto patterns = ignore_patterns(folder);
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
    CICLO_TRY(auto file, describe(at->path(), relative.generic_string()));
    files.push_back(std::move(file));
  }
  if (error) return fail(ErrorCode::invalid, fmt::format("cannot read '{}': {}", folder.string(), error.message()));
  std::ranges::sort(files, {}, &LocalFile::name);
  return files;
}

Result<void> send_file(Session& session, const std::string& url, const LocalFile& file) {
  auto in = std::make_shared<std::ifstream>(file.path, std::ios::binary);
  if (!*in) return cannot_read(file.path);
  http::ClientRequest request{.method = http::Method::put, .url = url};
  request.headers.set("x-ciclo-sha256", file.sha256);
  request.body_length = file.size;
  request.body_stream = [in]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    in->read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in->gcount()));
    return piece;
  };
  CICLO_TRY(const auto response, session.raw(std::move(request)));
  if (response.status >= 400) return Failure(error_of(response));
  return {};
}

}  // namespace

Result<std::string> upload(Session& session, const fs::path& local) {
  const bool is_folder = fs::is_directory(local);
  std::vector<LocalFile> files;
  if (is_folder) {
    CICLO_TRY(files, describe_folder(local));
    if (files.empty())
      return fail(ErrorCode::invalid, fmt::format("the folder '{}' has no files to upload", local.string()));
  } else {
    CICLO_TRY(auto file, describe(local, local.filename().string()));
    files.push_back(std::move(file));
  }
  const std::string folder_name = is_folder ? fs::canonical(local).filename().string() : "";
  Sha256 sum;
  sum.add(folder_name + "\n");
  for (const LocalFile& file : files) sum.add(file.name + "\n" + file.sha256 + "\n");
  const std::string home = "LocalUpload/" + sum.hex();
  CICLO_TRY(const std::string workspace, session.workspace_path());
  const std::string base = session.url(workspace + "/datastores/workspaceblobstore/paths/" + home);
  const std::string reference =
      "azureml://datastores/workspaceblobstore/paths/" + home + "/" + (is_folder ? folder_name : files.front().name);

  CICLO_TRY(const auto marker, session.raw({.method = http::Method::head, .url = base + ".complete"}));
  if (marker.status == 200) return reference;
  for (const LocalFile& file : files)
    CICLO_CHECK(send_file(
        session, base + "/" + (is_folder ? http::percent_encode(folder_name) + "/" : "") + encode_path(file.name),
        file));
  CICLO_TRY(const auto done, session.raw({.method = http::Method::put, .url = base + ".complete", .body = "{}"}));
  if (done.status >= 400) return Failure(error_of(done));
  return reference;
}

}  // namespace ciclo::cli
