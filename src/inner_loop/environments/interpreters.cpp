#include "inner_loop/environments/interpreters.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

// "python3.11" → 3.11; nothing for other names ("python3.11-config").
std::optional<std::pair<int, int>> version_in_name(std::string_view name) {
  constexpr std::string_view prefix = "python";
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::vector<std::string> parts = split(name.substr(prefix.size()), '.');
  if (parts.size() != 2) return std::nullopt;
  const auto major = parse_int(parts[0]);
  const auto minor = parse_int(parts[1]);
  if (!major || !minor || *major != 3 || *minor < 0 || *minor > 99) return std::nullopt;
  return std::pair(static_cast<int>(*major), static_cast<int>(*minor));
}

bool is_program(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

bool is_script(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return file.get() == '#' && file.get() == '!';
}

std::optional<std::pair<int, int>> version_of(const std::filesystem::path& path, const VersionProbe& probe) {
  if (!is_program(path)) return std::nullopt;
  if (is_script(path)) {
    const auto version = probe(path);
    if (!version) return std::nullopt;
    const std::vector<std::string> parts = split(trim(*version), '.');
    return parts.size() < 2 ? std::nullopt : version_in_name("python" + parts[0] + "." + parts[1]);
  }
  std::error_code error;
  return version_in_name(std::filesystem::canonical(path, error).filename().string());
}

void add(std::vector<Interpreter>& found, Interpreter candidate) {
  const bool known = std::ranges::any_of(
      found, [&](const Interpreter& one) { return one.major == candidate.major && one.minor == candidate.minor; });
  if (!known) found.push_back(std::move(candidate));
}

}  // namespace

std::vector<Interpreter> find_interpreters(std::string_view search_path, const VersionProbe& probe) {
  std::vector<Interpreter> found;
  for (const std::string& folder : split(search_path, ':')) {
    if (folder.empty()) continue;
    // The default comes first of its version: what `python3` is called here is what the user of this machine means.
    const std::filesystem::path plain = std::filesystem::path(folder) / "python3";
    if (const auto version = version_of(plain, probe)) add(found, {version->first, version->second, plain});
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (!version_in_name(entry->path().filename().string())) continue;
      if (const auto version = version_of(entry->path(), probe))
        add(found, {version->first, version->second, entry->path()});
    }
  }
  std::ranges::stable_sort(found, [](const Interpreter& a, const Interpreter& b) {
    return std::pair(a.major, a.minor) > std::pair(b.major, b.minor);
  });
  return found;
}

std::optional<Interpreter> choose_interpreter(std::string_view wanted, const std::vector<Interpreter>& installed) {
  if (installed.empty()) return std::nullopt;
  const std::vector<std::string> parts = split(wanted, '.');
  const auto minor = parts.size() >= 2 ? parse_int(parts[1]) : std::nullopt;
  if (!minor) {
    const auto plain =
        std::ranges::find_if(installed, [](const Interpreter& one) { return one.path.filename() == "python3"; });
    return plain != installed.end() ? *plain : installed.front();
  }
  return *std::ranges::min_element(installed, {}, [&](const Interpreter& one) {
    const std::int64_t distance = one.minor - *minor;
    return std::pair(std::abs(distance), distance < 0);
  });
}

}  // namespace ciclo::inner_loop
