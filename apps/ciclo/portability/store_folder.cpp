#include "portability/store_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/yaml.hpp"
#include "portability/local_artifacts.hpp"

namespace ciclo::portability {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_names = 5'000'000;

}  // namespace

std::vector<std::string> StoreFolder::folders(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(root_ / path, error), end; !error && at != end; at.increment(error))
    if (fs::is_directory(at->symlink_status(error)) && stays_inside(at->path().filename().string()))
      names.push_back(at->path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> StoreFolder::files(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  const fs::path folder = root_ / path;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return names;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end && names.size() < max_names;
       at.increment(error)) {
    const std::string name = at->path().lexically_relative(folder).generic_string();
    if (fs::is_regular_file(at->symlink_status(error)) && stays_inside(name)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

bool StoreFolder::has(const std::string& path) const {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(root_ / path, error));
}

Result<Bytes> StoreFolder::open(const std::string& path) const {
  return read_file_pieces(root_ / path);
}

Result<std::string> StoreFolder::text(const std::string& path, std::size_t max_bytes) const {
  CICLO_TRY(const Bytes bytes, open(path));
  std::string text;
  for (;;) {
    CICLO_TRY(const std::string piece, bytes());
    if (piece.empty()) return text;
    text += piece;
    if (text.size() > max_bytes)
      return fail(ErrorCode::too_large, fmt::format("the file has more than {} bytes", max_bytes), path);
  }
}

Result<Json> StoreFolder::yaml(const std::string& path) const {
  CICLO_TRY(const std::string content, text(path));
  CICLO_TRY(auto document, parse_yaml(content, path));
  if (!document.value.is_object()) return fail(ErrorCode::invalid, "the file holds no fields", path);
  return std::move(document.value);
}

Result<Json> StoreFolder::pairs(const std::string& path) const {
  Json list = Json::array();
  for (const std::string& name : files(path)) {
    CICLO_TRY(std::string value, text(path + "/" + name));
    list.push_back({{"key", name}, {"value", std::move(value)}});
  }
  return list;
}

}  // namespace ciclo::portability
