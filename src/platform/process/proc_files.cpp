#include "platform/process/proc_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "base/text.hpp"

namespace ciclo::process {
namespace {

// Small files only: the answer is cut at 4 KiB.
std::optional<std::string> read_small_file(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(file, buffer.data(), buffer.size());
  ::close(file);
  if (count < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view line) {
  const std::size_t name_start = line.find('(');
  const std::size_t name_end = line.rfind(')');
  if (name_start == std::string_view::npos || name_end == std::string_view::npos) return std::nullopt;
  const auto pid = parse_int(trim(line.substr(0, name_start)));
  // After the name: state ppid pgrp session … ; the start time is the 22nd field of the line, the 20th of these.
  const std::vector<std::string> fields = split(trim(line.substr(name_end + 1)), ' ');
  if (!pid || fields.size() < 20 || fields[0].size() != 1) return std::nullopt;
  const auto group = parse_int(fields[2]);
  const auto start = parse_int(fields[19]);
  if (!group || !start) return std::nullopt;
  return ProcStat{static_cast<pid_t>(*pid), fields[0][0], static_cast<pid_t>(*group),
                  static_cast<std::uint64_t>(*start)};
}

std::optional<ProcStat> read_proc_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const auto line = read_small_file(path.c_str());
  return line ? parse_proc_stat(*line) : std::nullopt;
}

std::vector<pid_t> living_members(pid_t group) {
  std::vector<pid_t> members;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
  if (!folder) return members;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto pid = parse_int(entry->d_name);
    if (!pid) continue;
    const auto stat = read_proc_stat(static_cast<pid_t>(*pid));
    if (stat && stat->group == group && stat->alive()) members.push_back(stat->pid);
  }
  return members;
}

std::optional<int> read_exit_file(const std::filesystem::path& file) {
  const auto text = read_small_file(file.c_str());
  if (!text || text->empty() || text->back() != '\n') return std::nullopt;
  const auto code = parse_int(trim(*text));
  return code ? std::optional(static_cast<int>(*code)) : std::nullopt;
}

}  // namespace ciclo::process
