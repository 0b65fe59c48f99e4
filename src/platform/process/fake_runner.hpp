// A ProcessRunner that starts nothing: tests see what was asked for and say how each process ends.
//
// Thread safety: safe from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "platform/process/process.hpp"

namespace ciclo::process {

class FakeRunner final : public ProcessRunner {
 public:
  // Plays the program: called at start(), outside any lock; a code ends the process at once, nothing leaves it running
  // until finish(). Without one, every process runs until finish().
  using Program = std::function<std::optional<int>(const ProcessSpec&)>;
  explicit FakeRunner(Program program = {}) : program_(std::move(program)) {}

  Result<ProcessHandle> start(const ProcessSpec& spec) override;
  ProcessState state(const ProcessHandle& handle) override;
  bool wait(const ProcessHandle& handle, std::chrono::milliseconds at_most) override;
  bool wait_or_stop(const ProcessHandle& handle, std::chrono::milliseconds at_most,
                    const std::stop_token& stop) override;
  // Ends the process with code 143.
  void terminate(const ProcessHandle& handle, std::chrono::milliseconds grace) override;
  std::optional<ProcessHandle> find(const std::filesystem::path& exit_file) override;

  // The n-th process that was started (from 0) ends with `code`.
  void finish(std::size_t index, int code);
  std::vector<ProcessSpec> started() const;
  // The next start() fails with this.
  void fail_next(Error error);

 private:
  struct Process {
    ProcessSpec spec;
    ProcessHandle handle;
    std::optional<int> exit_code;
  };
  Process* find_locked(const ProcessHandle& handle);

  const Program program_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Process> processes_;
  std::optional<Error> next_failure_;
};

}  // namespace ciclo::process
