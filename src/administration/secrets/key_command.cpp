#include "administration/secrets/key_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "administration/secrets/master_key.hpp"

extern char** environ;

namespace ciclo::administration {
namespace {

constexpr const char* option = "--master-key-command";

Result<pid_t> spawn(const std::string& command, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  sigset_t every;
  sigset_t none;
  sigfillset(&every);
  sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &every);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::string shell = "/bin/sh";
  std::string flag = "-c";
  std::string line = command;
  const std::array<char*, 4> arguments{shell.data(), flag.data(), line.data(), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, shell.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(ErrorCode::internal, fmt::format("the command cannot be started: {}", std::strerror(error)), option);
  return pid;
}

// All that comes until the end, in one buffer of fixed size.
Result<SecretBytes> read_all(int input, std::chrono::steady_clock::time_point deadline) {
  SecretBytes buffer(key_command_bytes + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{input, POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      return fail(ErrorCode::timeout, "the command did not print the master key in time", option,
                  "run it by hand to see what it waits for");
    const ssize_t got = ::read(input, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return SecretBytes::copy_of(buffer.view().substr(0, size));
    size += static_cast<std::size_t>(got);
  }
  return fail(ErrorCode::invalid, fmt::format("the command printed more than {} bytes", key_command_bytes), option,
              "it must print the key and nothing else");
}

// The exit code once it ends; the process is killed when the time is over.
int end(pid_t pid, std::chrono::steady_clock::time_point deadline) {
  // The C library's own wrapper is not declared for C++ in glibc 2.36.
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  pollfd waiting{handle, POLLIN, 0};
  const auto time = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
  if (handle < 0 || ::poll(&waiting, 1, time) <= 0) ::kill(-pid, SIGKILL);
  if (handle >= 0) ::close(handle);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-pid, SIGKILL);  // what it left running
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<SecretBytes> run_key_command(const std::string& command, std::chrono::milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::internal, fmt::format("no pipe for the command: {}", std::strerror(errno)), option);
  const auto pid = spawn(command, ends[1]);
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    return Failure(pid.error());
  }
  auto printed = read_all(ends[0], deadline);
  ::close(ends[0]);
  if (!printed) ::kill(-*pid, SIGKILL);
  const int code = end(*pid, deadline);
  if (printed && code != 0)
    return fail(ErrorCode::invalid, fmt::format("the command ended with code {}", code), option,
                "run it by hand: it must print the key and end with 0");
  return printed;
}

}  // namespace ciclo::administration
