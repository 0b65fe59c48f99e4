#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <fstream>
#include <mutex>

#include "platform/process/launch.hpp"
#include "platform/process/proc_files.hpp"
#include "platform/process/process.hpp"

namespace ciclo::process {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The C library's own wrapper is not declared for C++ in glibc 2.36.
int open_process(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// True when the process behind `pidfd` ended before `deadline`, and before `waker` (if it is none of -1) became
// readable.
bool wait_for_end(int pidfd, SteadyClock::time_point deadline, int waker = -1) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now()).count();
    std::array<pollfd, 2> entries{
        {{.fd = pidfd, .events = POLLIN, .revents = 0}, {.fd = waker, .events = POLLIN, .revents = 0}}};
    const int ready =
        ::poll(entries.data(), entries.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
    if (ready > 0) return entries[0].revents != 0;
    if (ready == 0 && left <= INT_MAX) return false;
    if (ready < 0 && errno != EINTR) return true;  // not a process descriptor any more
  }
}

SteadyClock::time_point deadline_after(milliseconds at_most) {
  // Far enough for "for ever", near enough not to overflow.
  return SteadyClock::now() + std::clamp(at_most, milliseconds(0), milliseconds(std::chrono::hours(24 * 365)));
}

// The process of the handle, if it has not ended and its id was not given to another.
std::optional<ProcStat> living(const ProcessHandle& handle) {
  const auto stat = read_proc_stat(handle.pid);
  if (!stat || !stat->alive() || stat->start_ticks != handle.start_ticks) return std::nullopt;
  return stat;
}

// False when the group's number now belongs to a process that is none of ours.
bool group_is_ours(const ProcessHandle& handle) {
  const auto leader = read_proc_stat(handle.pid);
  return !leader || leader->start_ticks == handle.start_ticks;
}

void wait_for_group(const ProcessHandle& handle, SteadyClock::time_point deadline) {
  while (SteadyClock::now() < deadline) {
    if (!group_is_ours(handle)) return;
    const std::vector<pid_t> members = living_members(handle.pid);
    if (members.empty()) return;
    for (const pid_t pid : members) {
      const int pidfd = open_process(pid);
      if (pidfd < 0) continue;
      const auto stat = read_proc_stat(pid);  // still the one that was listed?
      if (stat && stat->group == handle.pid) wait_for_end(pidfd, deadline);
      ::close(pidfd);
    }
  }
}

class LocalRunner final : public ProcessRunner {
 public:
  ~LocalRunner() override { reap(); }

  Result<ProcessHandle> start(const ProcessSpec& spec) override {
    reap();
    // Held until the child is on the list: a reap() between would take its entry in /proc away.
    const std::lock_guard lock(mutex_);
    CICLO_TRY(const pid_t pid, launch(spec));
    const auto stat = read_proc_stat(pid);
    const ProcessHandle handle{pid, stat ? stat->start_ticks : 0, spec.exit_file};
    children_.push_back(handle);
    return handle;
  }

  ProcessState state(const ProcessHandle& handle) override {
    if (living(handle)) return {.running = true, .exit_code = std::nullopt};
    reap();
    return {.running = false, .exit_code = read_exit_file(handle.exit_file)};
  }

  bool wait(const ProcessHandle& handle, milliseconds at_most) override {
    return wait_until(handle, deadline_after(at_most), -1);
  }

  bool wait_or_stop(const ProcessHandle& handle, milliseconds at_most, const std::stop_token& stop) override {
    const int waker = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ended = false;
    {
      const std::stop_callback wake(stop, [waker] { ::eventfd_write(waker, 1); });
      ended = wait_until(handle, deadline_after(at_most), waker);
    }
    if (waker >= 0) ::close(waker);
    return ended;
  }

  void terminate(const ProcessHandle& handle, milliseconds grace) override {
    if (handle.pid <= 1 || !group_is_ours(handle)) return;
    const bool was_running = living(handle).has_value();
    if (!was_running && ::kill(-handle.pid, 0) != 0 && errno == ESRCH) return;  // the usual case, without a look at all
    if (!was_running && living_members(handle.pid).empty()) return;
    if (grace.count() > 0) {
      ::kill(-handle.pid, SIGTERM);
      ::kill(-handle.pid, SIGCONT);  // a stopped process could not take it
      wait_for_group(handle, deadline_after(grace));
    }
    if (group_is_ours(handle) && !living_members(handle.pid).empty()) {
      ::kill(-handle.pid, SIGKILL);
      wait_for_group(handle, deadline_after(std::chrono::seconds(30)));
    }
    reap();
    // The shim was killed with the rest and could not tell.
    if (was_running && !read_exit_file(handle.exit_file)) write_exit_file(handle.exit_file, 128 + SIGKILL);
  }

  std::optional<ProcessHandle> find(const std::filesystem::path& exit_file) override {
    std::ifstream file(started_file(exit_file));
    std::string line;
    if (!std::getline(file, line) || file.eof()) return std::nullopt;  // no line's end: not written whole
    const auto stat = parse_proc_stat(line);
    if (!stat) return std::nullopt;
    return ProcessHandle{stat->pid, stat->start_ticks, exit_file};
  }

 private:
  bool wait_until(const ProcessHandle& handle, SteadyClock::time_point deadline, int waker) {
    const int pidfd = open_process(handle.pid);
    // The identity is looked at after opening: what the descriptor names cannot change any more.
    bool ended = pidfd < 0 || !living(handle);
    if (!ended) ended = wait_for_end(pidfd, deadline, waker);
    if (pidfd >= 0) ::close(pidfd);
    if (ended) reap();
    return ended;
  }

  static void write_exit_file(const std::filesystem::path& file, int code) {
    std::ofstream(file, std::ios::trunc) << code << '\n';
  }

  // Takes in the children that have ended. A shim that could not write its exit file (killed, disk full) has its code
  // from here.
  void reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(children_, [](const ProcessHandle& child) {
      int status = 0;
      const pid_t done = ::waitpid(child.pid, &status, WNOHANG);
      if (done == 0) return false;
      if (done == child.pid && !read_exit_file(child.exit_file))
        write_exit_file(child.exit_file, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
      return true;
    });
  }

  std::mutex mutex_;
  std::vector<ProcessHandle> children_;
};

}  // namespace

Json to_json(const ProcessHandle& handle) {
  return {{"pid", handle.pid}, {"start_ticks", handle.start_ticks}, {"exit_file", handle.exit_file.string()}};
}

Result<ProcessHandle> handle_from_json(const Json& json) {
  const Json& pid = member(json, "pid");
  const Json& start_ticks = member(json, "start_ticks");
  const std::string exit_file = text_or(json, "exit_file");
  if (!pid.is_number_integer() || !start_ticks.is_number_integer() || exit_file.empty())
    return fail(ErrorCode::invalid, "this is no process handle: pid, start_ticks and exit_file are needed");
  const auto number = pid.get<std::int64_t>();
  if (number <= 1 || number > INT_MAX)
    return fail(ErrorCode::invalid, fmt::format("{} is no process id", number), "/pid");
  return ProcessHandle{static_cast<pid_t>(number), start_ticks.get<std::uint64_t>(), exit_file};
}

std::unique_ptr<ProcessRunner> make_local_runner() {
  return std::make_unique<LocalRunner>();
}

}  // namespace ciclo::process
