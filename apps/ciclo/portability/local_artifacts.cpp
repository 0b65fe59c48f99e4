#include "portability/local_artifacts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "platform/http/message.hpp"

namespace ciclo::portability {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_files = 1'000'000;

bool is_below(const fs::path& path, const fs::path& root) {
  const auto relative = path.lexically_relative(root).generic_string();
  return !relative.empty() && !relative.starts_with("..");
}

bool ends_with(const fs::path& path, const std::string& tail) {
  const std::string text = path.generic_string();
  return text.ends_with("/" + tail);
}

// The local path of a URI; empty for one that is not local.
std::string local_path_of(const std::string& uri) {
  if (uri.starts_with("file://")) {
    const std::string rest = uri.substr(7);
    const auto slash = rest.find('/');
    const std::string host = rest.substr(0, slash);
    if (slash == std::string::npos || (!host.empty() && host != "localhost")) return {};
    return http::percent_decode(rest.substr(slash)).value_or("");
  }
  if (uri.starts_with("file:")) return http::percent_decode(uri.substr(5)).value_or("");
  return uri.find(':') == std::string::npos ? uri : "";
}

// A run that never wrote a file has no folder; but where the whole store's folder is missing, files are.
Failure missing(const std::string& path, const ArtifactPlace& place) {
  const std::string tail = "/" + place.experiment_id + "/" + place.folder;
  std::error_code error;
  if (path.ends_with(tail) && !fs::exists(path.substr(0, path.size() - tail.size()), error)) {
    return fail(ErrorCode::unsupported, "the folder of its store's files is not on this machine", place.uri,
                "give the folder that has them: --artifacts <folder>; or say that there are none: --no-artifacts");
  }
  return fail(ErrorCode::not_found, "its folder is not there", place.uri);
}

}  // namespace

bool stays_inside(std::string_view path) {
  if (path.empty() || std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return false;
  return std::ranges::none_of(split(path, '/'),
                              [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

LocalArtifacts::LocalArtifacts(const std::string& store, const std::string& served)
    : is_served_known_(!served.empty()) {
  std::error_code error;
  for (const std::string& root : {store, served})
    if (!root.empty()) roots_.push_back(fs::canonical(root, error));
  std::erase(roots_, fs::path());
}

Result<fs::path> LocalArtifacts::find(const ArtifactPlace& place) const {
  std::error_code error;
  constexpr std::string_view served = "mlflow-artifacts:";
  std::vector<std::string> below = {place.experiment_id + "/" + place.folder};
  if (place.uri.starts_with(served)) {
    std::string path = place.uri.substr(served.size());
    if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
    path.erase(0, path.find_first_not_of('/'));
    if (!stays_inside(path))
      return fail(ErrorCode::invalid, "its files are said to be outside of the store", place.uri);
    below.insert(below.begin(), path);
  }
  for (const fs::path& root : roots_)
    for (const std::string& relative : below) {
      if (!stays_inside(relative)) continue;
      const fs::path found = fs::canonical(root / relative, error);
      if (error || !fs::is_directory(found, error)) continue;
      if (is_below(found, root)) return found;
      return fail(ErrorCode::invalid,
                  fmt::format("'{}' is a link that leads out of the folder", (root / relative).string()));
    }
  if (place.uri.starts_with(served)) {
    if (is_served_known_) return fail(ErrorCode::not_found, "its folder is not there", place.uri);
    return fail(
        ErrorCode::unsupported, "its files lie with the MLflow server", place.uri,
        "give the folder of mlflow server's --artifacts-destination (else ./mlartifacts): --artifacts <folder>");
  }
  const std::string path = local_path_of(place.uri);
  if (path.empty()) return fail(ErrorCode::unsupported, "its files are not on this machine", place.uri);
  const fs::path found = fs::canonical(path, error);
  if (error) return missing(path, place);
  if (place.folder.empty() || !ends_with(found, place.folder)) {
    return fail(ErrorCode::invalid, "its files are said to be in a folder that is not its own", place.uri);
  }
  return found;
}

Result<std::vector<ArtifactFile>> LocalArtifacts::list(const ArtifactPlace& place,
                                                       std::vector<std::string>& skipped) const {
  std::vector<ArtifactFile> files;
  CICLO_TRY(const fs::path folder, find(place));
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string relative = at->path().lexically_relative(folder).generic_string();
    const auto status = at->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) {
      skipped.push_back(fmt::format("{}: it is a link or no plain file", relative));
      continue;
    }
    if (!stays_inside(relative)) {
      skipped.push_back(fmt::format("{}: its name holds control characters", fs::path(relative).filename().string()));
      continue;
    }
    if (files.size() == max_files)
      return fail(ErrorCode::too_large, "the folder has more than a million files", place.uri);
    files.push_back({relative, at->file_size(error)});
  }
  if (error) return fail(ErrorCode::invalid, fmt::format("cannot read '{}': {}", folder.string(), error.message()));
  std::ranges::sort(files, {}, &ArtifactFile::path);
  return files;
}

Result<Bytes> LocalArtifacts::open(const ArtifactPlace& place, const ArtifactFile& file) const {
  CICLO_TRY(const fs::path folder, find(place));
  return read_file_pieces(folder / file.path);
}

Result<Bytes> read_file_pieces(const fs::path& file) {
  const int opened = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0)
    return fail(ErrorCode::invalid, fmt::format("cannot read '{}': {}", file.string(), std::strerror(errno)));
  const std::shared_ptr<const int> descriptor(new int(opened), [](const int* fd) {
    ::close(*fd);
    delete fd;
  });
  struct stat about {};
  if (::fstat(opened, &about) != 0 || !S_ISREG(about.st_mode))
    return fail(ErrorCode::invalid, fmt::format("'{}' is no plain file", file.string()));
  return Bytes([descriptor, name = file.string()]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    const ssize_t got = ::read(*descriptor, piece.data(), piece.size());
    if (got < 0) return fail(ErrorCode::internal, fmt::format("cannot read '{}': {}", name, std::strerror(errno)));
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  });
}

}  // namespace ciclo::portability
