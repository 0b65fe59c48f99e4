// Programs started for jobs and endpoints. They outlive the server that started them: each leads a process group of
// its own, writes its output straight into files, and leaves its exit code in a file, so that a restarted server finds
// it again by its handle and learns how it ended.
//
// How: a process is a small shell that runs the program as its only child, waits for it and writes `<code>\n` to the
// exit file; a file without the line's end was not written whole and counts as missing. Beside it, "<exit
// file>.started" names the process for find(). The program sees no open file but its three standard ones (stdin is
// /dev/null unless it is given input), no blocked or ignored signal, and no variable but those given (the shell adds
// PWD).
//
// Thread safety: safe from any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::process {

struct ProcessSpec {
  std::vector<std::string> arguments;  // [0] is looked up in PATH of `environment` (a default PATH without one)
  std::map<std::string, std::string> environment;  // the whole of it; nothing is inherited
  std::filesystem::path working_folder;
  std::filesystem::path stdout_file;  // appended to
  std::filesystem::path stderr_file;  // may equal stdout_file
  std::filesystem::path exit_file;    // gets the exit code; must not exist
  std::string input = {};             // what it reads from standard input, 1 MiB at most; nowhere on a disk
};

// Names one process for ever: a process id alone may be reused.
struct ProcessHandle {
  pid_t pid = 0;                  // also the process group
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat
  std::filesystem::path exit_file;
};
Json to_json(const ProcessHandle& handle);
Result<ProcessHandle> handle_from_json(const Json& json);

struct ProcessState {
  bool running = false;
  // How it ended: exit code, or 128 + signal. Nothing while it runs, and when it vanished without a trace (machine
  // restarted, killed with its shim).
  std::optional<int> exit_code;
};

class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;
  // Fails with not_found when the program does not exist, denied when it may not be run, unavailable when the machine
  // has no room for another process.
  virtual Result<ProcessHandle> start(const ProcessSpec& spec) = 0;
  virtual ProcessState state(const ProcessHandle& handle) = 0;
  // Waits until the process has ended or the time is over; true when it has ended. No polling.
  virtual bool wait(const ProcessHandle& handle, std::chrono::milliseconds at_most) = 0;
  // The same, but also returns (with false, if it has not ended) as soon as a stop is requested.
  virtual bool wait_or_stop(const ProcessHandle& handle, std::chrono::milliseconds at_most,
                            const std::stop_token& stop) = 0;
  // SIGTERM to the group, SIGKILL after `grace`. Returns when the group is gone. Also ends what a program that has
  // ended by itself left running in its group.
  virtual void terminate(const ProcessHandle& handle, std::chrono::milliseconds grace) = 0;
  // The process that was started with this exit file, by this or an earlier server: for a server that was killed after
  // start() and before it could keep the handle. Nothing when none was started.
  virtual std::optional<ProcessHandle> find(const std::filesystem::path& exit_file) = 0;
};

std::unique_ptr<ProcessRunner> make_local_runner();

}  // namespace ciclo::process
