#include "platform/process/masked_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/private_pairs.hpp"
#include "platform/log/mask.hpp"
#include "platform/process/masked_files.hpp"
#include "platform/process/private_memory.hpp"

extern char** environ;

namespace ciclo::process {
namespace {

constexpr int bad_input = 125;
constexpr std::size_t piece_bytes = 64U << 10U;

void say(const std::string& text) {
  fmt::print(stderr, "ciclo: {}\n", text);
}

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a full disk costs lines, not the step
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// All of standard input; afterwards it is /dev/null.
Result<PrivatePairs> read_pairs() {
  WipedText bytes;
  bytes.get().reserve(max_private_pairs_bytes + piece_bytes);
  std::string piece(piece_bytes, '\0');
  while (bytes.get().size() <= max_private_pairs_bytes) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    bytes.get().append(piece, 0, static_cast<std::size_t>(got));
  }
  wipe(piece);
  if (const int null = ::open("/dev/null", O_RDONLY); null > 0) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  return parse_private_pairs(bytes.get());
}

std::vector<std::string> environment_with(const PrivatePairs& pairs) {
  std::vector<std::string> entries;
  const auto is_given = [&](std::string_view name) {
    for (const auto& [given, value] : pairs)
      if (given == name) return true;
    return false;
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!is_given(text.substr(0, text.find('=')))) entries.emplace_back(text);
  }
  for (const auto& [name, value] : pairs)
    if (!name.empty()) entries.push_back(fmt::format("{}={}", name, value));
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Its output goes to `output`. The error of posix_spawn, or 0.
int spawn(std::vector<std::string> arguments, std::vector<std::string> environment, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t every;
  sigfillset(&every);
  ::posix_spawnattr_setsigdefault(&attributes, &every);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawnp(&pid, arguments[0].c_str(), &actions, &attributes, pointers_to(arguments).data(),
                                   pointers_to(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  for (std::string& entry : environment) wipe(entry);
  return error;
}

// False at the end of the output, or when there is no more for now.
bool pass_on(int input, log::Masker& masker) {
  std::array<char, piece_bytes> piece{};
  const ssize_t got = ::read(input, piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  write_all(masker.take({piece.data(), static_cast<std::size_t>(got)}));
  return true;
}

// Until the program has ended; what it left running does not hold this up.
int follow(pid_t pid, int input, log::Masker& masker) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  bool has_output = true;
  while (handle >= 0) {
    std::array<pollfd, 2> entries{{{handle, POLLIN, 0}, {has_output ? input : -1, POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
    if (entries[1].revents != 0) has_output = pass_on(input, masker);
    else if (entries[0].revents != 0) break;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::fcntl(input, F_SETFL, O_NONBLOCK);
  while (pass_on(input, masker)) {
  }
  write_all(masker.finish());
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

int run_masked(const std::vector<std::string>& words) {
  keep_memory_private();
  std::vector<std::string> arguments = words;
  if (!arguments.empty() && arguments.front() == "--") arguments.erase(arguments.begin());
  auto pairs = read_pairs();
  std::array<int, 2> ends{};
  if (arguments.empty() || !pairs || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    say(arguments.empty() ? "there is no program to run" : !pairs ? pairs.error().text() : "there is no pipe");
    return bad_input;
  }
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_IGN);
  std::vector<std::string> hidden;
  for (auto& [name, value] : *pairs)
    if (name.empty()) hidden.push_back(value);
  log::Masker masker(hidden);
  pid_t pid = 0;
  const int error = spawn(arguments, environment_with(*pairs), ends[1], pid);
  for (auto& [name, value] : *pairs) wipe(value);
  ::close(ends[1]);
  if (error != 0) {
    say(fmt::format("cannot start {}: {}", arguments[0], std::strerror(error)));
    return error == ENOENT ? 127 : 126;
  }
  const int code = follow(pid, ends[0], masker);
  mask_files("logs", hidden);
  for (std::string& value : hidden) wipe(value);
  return code;
}

}  // namespace ciclo::process
