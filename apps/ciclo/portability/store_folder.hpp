// Reading below the folder of a file store: names from its own lists, never through a link, with limits.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "portability/records.hpp"

namespace ciclo::portability {

class StoreFolder {
 public:
  explicit StoreFolder(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  // The names of the folders directly below, sorted; links are left out. A missing folder has none.
  std::vector<std::string> folders(const std::string& path) const;
  // The files at any depth below, as relative paths, sorted; links are left out.
  std::vector<std::string> files(const std::string& path) const;
  bool has(const std::string& path) const;
  // At most `max_bytes` of a file. Fails with invalid for a link, too_large over the limit.
  Result<std::string> text(const std::string& path, std::size_t max_bytes = std::size_t{4} << 20U) const;
  // A YAML file that holds an object. Fails with invalid, naming file and line.
  Result<Json> yaml(const std::string& path) const;
  // [{"key": <file's path>, "value": <its text>}] of the files below a folder.
  Result<Json> pairs(const std::string& path) const;
  Result<Bytes> open(const std::string& path) const;

 private:
  std::filesystem::path root_;
};

}  // namespace ciclo::portability
