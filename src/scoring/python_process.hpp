// Internal to this folder: one Python worker process and the frames spoken with it.
//
// A frame is a 4-byte little-endian length and that much JSON. First the worker sends {"ready":true} or
// {"ready":false,"error":…}; then it answers {"body":…,"collect":…} with {"ok":true,"body":…,"inputs":…,"outputs":…} or
// {"ok":false,"kind":"input"|"model","error":…}. `body`, `inputs` and `outputs` are JSON texts within strings.
//
// Thread safety: one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "scoring/masked_output.hpp"

namespace ciclo::scoring {

using Deadline = std::chrono::steady_clock::time_point;

struct PythonCommand {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to this process's own
  std::string working_folder;
  std::vector<std::string> hidden = {};  // values that its output must not show
};

class PythonProcess {
 public:
  // Forks. The worker gets SIGKILL when the calling *thread* ends: call it from one that lives as long as the worker.
  static Result<PythonProcess> start(const PythonCommand& command);
  PythonProcess(PythonProcess&& other) noexcept;
  PythonProcess& operator=(PythonProcess&& other) noexcept;
  // Kills it and waits for it.
  ~PythonProcess();

  pid_t pid() const { return pid_; }
  // Ends it without waiting; a receive() on another thread then fails. The one call allowed beside another thread's.
  void kill();
  // Fails with timeout, or unavailable when the process is gone.
  Result<void> send(std::string_view json, Deadline deadline);
  Result<std::string> receive(Deadline deadline);
  // "exit code 1", "signal 9"; empty while it runs.
  std::string ending();

 private:
  PythonProcess(pid_t pid, int socket, std::unique_ptr<MaskedOutput> output)
      : output_(std::move(output)), pid_(pid), socket_(socket) {}
  Result<void> wait_for(short events, Deadline deadline) const;

  std::unique_ptr<MaskedOutput> output_;  // null when nothing is hidden
  pid_t pid_ = -1;
  int socket_ = -1;
};

// The text of python_worker.py.
extern const char* const python_worker_script;

}  // namespace ciclo::scoring
