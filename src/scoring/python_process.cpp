#include "scoring/python_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

#include "base/wipe.hpp"

extern char** environ;

namespace ciclo::scoring {
namespace {

constexpr std::uint32_t max_frame_bytes = 1U << 30U;
constexpr int worker_socket = 3;  // the descriptor in the worker

std::vector<std::string> whole_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text(*entry);
    if (!added.contains(text.substr(0, text.find('=')))) entries.push_back(text);
  }
  for (const auto& [name, value] : added) entries.push_back(fmt::format("{}={}", name, value));
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs between fork and exec of a process with threads: system calls only.
[[noreturn]] void become_worker(char* const* arguments, char* const* environment, const char* folder, int socket,
                                int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (output >= 0 && ::dup2(output, 2) < 0) ::_exit(126);
  // dup2 of a descriptor onto itself would leave it to be closed by exec.
  if (socket == worker_socket ? ::fcntl(socket, F_SETFD, 0) < 0 : ::dup2(socket, worker_socket) < 0) ::_exit(126);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, 0);
  ::dup2(2, 1);  // what the model prints is log, not answer
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close_range(worker_socket + 1, ~0U, 0);
  if (*folder != '\0' && ::chdir(folder) != 0) ::_exit(125);
  ::execvpe(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Result<PythonProcess> PythonProcess::start(const PythonCommand& command) {
  std::unique_ptr<MaskedOutput> output;
  if (!command.hidden.empty()) {
    CICLO_TRY(output, MaskedOutput::start(command.hidden, STDERR_FILENO));
  }
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot make a socket for a Python worker: {}", std::strerror(errno)));
  }
  auto arguments = command.arguments;
  auto environment = whole_environment(command.environment);
  const auto argument_pointers = pointers_to(arguments);
  const auto environment_pointers = pointers_to(environment);
  const pid_t pid = ::fork();
  if (pid == 0)
    become_worker(argument_pointers.data(), environment_pointers.data(), command.working_folder.c_str(), pair[1],
                  output ? output->input() : -1);
  ::close(pair[1]);
  if (output) output->close_input();
  for (std::string& entry : environment) wipe(entry);
  if (pid < 0) {
    ::close(pair[0]);
    return fail(ErrorCode::unavailable, fmt::format("cannot start a Python worker: {}", std::strerror(errno)));
  }
  ::fcntl(pair[0], F_SETFL, O_NONBLOCK);
  return PythonProcess(pid, pair[0], std::move(output));
}

PythonProcess::PythonProcess(PythonProcess&& other) noexcept
    : output_(std::move(other.output_)),
      pid_(std::exchange(other.pid_, -1)),
      socket_(std::exchange(other.socket_, -1)) {}

PythonProcess& PythonProcess::operator=(PythonProcess&& other) noexcept {
  std::swap(output_, other.output_);
  std::swap(pid_, other.pid_);
  std::swap(socket_, other.socket_);
  return *this;
}

PythonProcess::~PythonProcess() {
  if (socket_ >= 0) ::close(socket_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> PythonProcess::wait_for(short events, Deadline deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorCode::timeout, "the model did not answer in time");
    pollfd waiting{socket_, events, 0};
    const auto at_most = std::min<std::int64_t>(left.count(), 60'000);
    const int ready = ::poll(&waiting, 1, static_cast<int>(at_most));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return fail(ErrorCode::internal, fmt::format("cannot wait for a Python worker: {}", std::strerror(errno)));
  }
}

Result<void> PythonProcess::send(std::string_view json, Deadline deadline) {
  std::string frame(sizeof(std::uint32_t), '\0');
  const auto length = static_cast<std::uint32_t>(json.size());
  std::memcpy(frame.data(), &length, sizeof(length));
  frame += json;
  std::size_t done = 0;
  while (done < frame.size()) {
    const auto sent = ::send(socket_, frame.data() + done, frame.size() - done, MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (sent < 0 && errno == EAGAIN) {
      CICLO_CHECK(wait_for(POLLOUT, deadline));
    } else if (!(sent < 0 && errno == EINTR)) {
      return fail(ErrorCode::unavailable, "the model's process has ended");
    }
  }
  return {};
}

Result<std::string> PythonProcess::receive(Deadline deadline) {
  std::string bytes(sizeof(std::uint32_t), '\0');
  std::size_t done = 0;
  bool has_length = false;
  while (true) {
    if (done == bytes.size()) {
      if (has_length) return bytes;
      std::uint32_t length = 0;
      std::memcpy(&length, bytes.data(), sizeof(length));
      if (length > max_frame_bytes) return fail(ErrorCode::internal, "the model's answer is over 1 GiB");
      bytes.resize(length);
      done = 0;
      has_length = true;
      continue;
    }
    const auto got = ::recv(socket_, bytes.data() + done, bytes.size() - done, 0);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (got < 0 && errno == EAGAIN) {
      CICLO_CHECK(wait_for(POLLIN, deadline));
    } else if (!(got < 0 && errno == EINTR)) {
      return fail(ErrorCode::unavailable, "the model's process has ended");
    }
  }
}

void PythonProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

std::string PythonProcess::ending() {
  if (pid_ <= 0) return "never started";
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended != pid_) return {};
  pid_ = -1;
  if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace ciclo::scoring
