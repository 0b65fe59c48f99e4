// What Linux tells about processes in /proc. Internal to this module.
//
// Thread safety: pure reads.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::process {

struct ProcStat {
  pid_t pid = 0;
  char state = '?';  // R, S, D, T, Z, X …
  pid_t group = 0;
  std::uint64_t start_ticks = 0;

  bool alive() const { return state != 'Z' && state != 'X' && state != 'x'; }
};

// One line of /proc/<pid>/stat. The program's name in it may hold blanks and brackets. Nothing when it is malformed.
std::optional<ProcStat> parse_proc_stat(std::string_view line);
// Nothing when there is no such process (any more).
std::optional<ProcStat> read_proc_stat(pid_t pid);
// The processes of a group that have not ended.
std::vector<pid_t> living_members(pid_t group);
// The code in an exit file; nothing when the file is missing or was not written whole.
std::optional<int> read_exit_file(const std::filesystem::path& file);

}  // namespace ciclo::process
