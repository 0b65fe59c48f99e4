#include "inner_loop/jobs/log_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

namespace ciclo::inner_loop {

namespace fs = std::filesystem;

std::vector<LogFile> list_logs(const JobFolder& folder) {
  std::vector<LogFile> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder.logs(), error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    const auto size = fs::file_size(entry->path(), ignored);
    if (ignored || !fs::is_regular_file(entry->path(), ignored)) continue;
    files.push_back({"user_logs/" + entry->path().filename().string(), size});
  }
  std::ranges::sort(files, {}, &LogFile::name);
  return files;
}

Result<std::string> read_log(const JobFolder& folder, const std::string& name, std::uint64_t offset, std::size_t max) {
  constexpr std::string_view prefix = "user_logs/";
  const std::string file_name = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  const bool is_plain =
      !file_name.empty() && file_name.find('/') == std::string::npos && file_name != "." && file_name != "..";
  std::ifstream file;
  if (is_plain) file.open(folder.logs() / file_name, std::ios::binary | std::ios::ate);
  if (!file.is_open()) return fail(ErrorCode::not_found, fmt::format("the job has no log '{}' (yet)", name));
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, file.tellg()));
  if (offset >= size) return std::string();
  std::string text(std::min<std::uint64_t>(max, size - offset), '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<void> remove_logs(const JobFolder& folder) {
  for (const LogFile& file : list_logs(folder)) {
    std::error_code error;
    fs::remove(folder.logs() / fs::path(file.name).filename(), error);
    if (error)
      return fail(ErrorCode::unavailable, fmt::format("'{}' cannot be removed: {}", file.name, error.message()));
  }
  return {};
}

}  // namespace ciclo::inner_loop
