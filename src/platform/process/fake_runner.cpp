#include "platform/process/fake_runner.hpp"

#include <utility>

namespace ciclo::process {

FakeRunner::Process* FakeRunner::find_locked(const ProcessHandle& handle) {
  for (Process& process : processes_)
    if (process.handle.pid == handle.pid && process.handle.start_ticks == handle.start_ticks) return &process;
  return nullptr;
}

Result<ProcessHandle> FakeRunner::start(const ProcessSpec& spec) {
  std::size_t index = 0;
  ProcessHandle handle;
  {
    const std::lock_guard lock(mutex_);
    if (next_failure_) return std::unexpected(*std::exchange(next_failure_, std::nullopt));
    index = processes_.size();
    handle = {static_cast<pid_t>(1'000'000 + index), 1 + index, spec.exit_file};
    processes_.push_back({spec, handle, std::nullopt});
  }
  if (program_) {
    if (const std::optional<int> code = program_(spec)) finish(index, *code);
  }
  return handle;
}

ProcessState FakeRunner::state(const ProcessHandle& handle) {
  const std::lock_guard lock(mutex_);
  const Process* process = find_locked(handle);
  if (process == nullptr) return {};
  return {.running = !process->exit_code, .exit_code = process->exit_code};
}

bool FakeRunner::wait(const ProcessHandle& handle, std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] {
    const Process* process = find_locked(handle);
    return process == nullptr || process->exit_code;
  });
}

bool FakeRunner::wait_or_stop(const ProcessHandle& handle, std::chrono::milliseconds at_most,
                              const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, at_most, [&] {
    const Process* process = find_locked(handle);
    return process == nullptr || process->exit_code;
  });
}

void FakeRunner::terminate(const ProcessHandle& handle, std::chrono::milliseconds) {
  const std::lock_guard lock(mutex_);
  Process* process = find_locked(handle);
  if (process != nullptr && !process->exit_code) process->exit_code = 143;
  changed_.notify_all();
}

std::optional<ProcessHandle> FakeRunner::find(const std::filesystem::path& exit_file) {
  const std::lock_guard lock(mutex_);
  for (const Process& process : processes_)
    if (process.handle.exit_file == exit_file) return process.handle;
  return std::nullopt;
}

void FakeRunner::finish(std::size_t index, int code) {
  const std::lock_guard lock(mutex_);
  if (index < processes_.size() && !processes_[index].exit_code) processes_[index].exit_code = code;
  changed_.notify_all();
}

std::vector<ProcessSpec> FakeRunner::started() const {
  const std::lock_guard lock(mutex_);
  std::vector<ProcessSpec> specs;
  for (const Process& process : processes_) specs.push_back(process.spec);
  return specs;
}

void FakeRunner::fail_next(Error error) {
  const std::lock_guard lock(mutex_);
  next_failure_ = std::move(error);
}

}  // namespace ciclo::process
