#include "platform/process/launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <system_error>

#include "base/text.hpp"

namespace ciclo::process {
namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// $0 is the exit file. Traps that do something (unlike ignored signals) are reset in the program that is started, and
// let the shell outlive a SIGTERM to the group so that it can still write the code.
constexpr const char* shim_script =
    "trap : HUP INT QUIT TERM\n"
    "IFS= read -r stat < /proc/$$/stat && printf '%s\\n' \"$stat\" > \"$0.started\"\n"
    "\"$@\"\n"
    "code=$?\n"
    "printf '%s\\n' \"$code\" > \"$0\"\n"
    "exit \"$code\"\n";

class FileDescriptor {
 public:
  explicit FileDescriptor(int value) : value_(value) {}
  FileDescriptor(FileDescriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case EACCES:
    case EPERM: return ErrorCode::denied;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return ErrorCode::unavailable;
    case E2BIG: return ErrorCode::too_large;
    default: return ErrorCode::internal;
  }
}

// Above 2, so that moving it to a standard stream cannot overwrite another one.
Result<FileDescriptor> open_output(const std::filesystem::path& path) {
  FileDescriptor low(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
  const int high = low.get() < 0 ? -1 : ::fcntl(low.get(), F_DUPFD_CLOEXEC, 3);
  if (high < 0) return fail(code_of(errno), fmt::format("cannot write {}: {}", path.string(), reason(errno)));
  return FileDescriptor(high);
}

// The reading end of a pipe that holds all of `input`: the program may take its time, and nobody waits for it.
Result<FileDescriptor> open_input(const std::string& input) {
  if (input.empty()) return FileDescriptor(-1);
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(code_of(errno), fmt::format("there is no pipe: {}", reason(errno)));
  const FileDescriptor low(ends[0]);
  const FileDescriptor writer(ends[1]);
  if (input.size() > 64U << 10U) ::fcntl(writer.get(), F_SETPIPE_SZ, static_cast<int>(input.size()));
  const ssize_t written = ::write(writer.get(), input.data(), input.size());
  if (written != static_cast<ssize_t>(input.size()))
    return fail(ErrorCode::too_large, fmt::format("{} bytes of input do not fit into a pipe", input.size()));
  const int high = ::fcntl(low.get(), F_DUPFD_CLOEXEC, 3);
  if (high < 0) return fail(code_of(errno), fmt::format("there is no pipe: {}", reason(errno)));
  ::fcntl(high, F_SETFL, 0);
  return FileDescriptor(high);
}

Result<void> check_executable(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return fail(code_of(errno), fmt::format("cannot run {}: {}", path.string(), reason(errno)));
  if (S_ISDIR(status.st_mode))
    return fail(ErrorCode::denied, fmt::format("cannot run {}: it is a folder", path.string()));
  if (::access(path.c_str(), X_OK) != 0)
    return fail(ErrorCode::denied, fmt::format("cannot run {}: {}", path.string(), reason(errno)));
  return {};
}

// The file that `program` names, as the shell would find it from the working folder.
Result<std::string> find_program(const ProcessSpec& spec) {
  const std::string& program = spec.arguments.front();
  if (program.find('/') != std::string::npos) {
    CICLO_CHECK(check_executable(spec.working_folder / program));
    return program;
  }
  const auto variable = spec.environment.find("PATH");
  const std::string_view path = variable == spec.environment.end() ? default_path : std::string_view(variable->second);
  Error worst{ErrorCode::not_found, fmt::format("there is no program '{}' in PATH", program), {}, {}, {}};
  for (const std::string& folder : split(path, ':')) {
    if (folder.empty()) continue;
    const std::filesystem::path candidate = std::filesystem::path(folder) / program;
    const Result<void> usable = check_executable(spec.working_folder / candidate);
    if (usable) return candidate.string();
    if (usable.error().code == ErrorCode::denied && !std::filesystem::is_directory(candidate)) worst = usable.error();
  }
  return std::unexpected(std::move(worst));
}

bool is_shell_name(std::string_view name) {
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  return !name.empty() && letter(name[0]) && std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

Result<void> check_spec(const ProcessSpec& spec) {
  if (spec.arguments.empty() || spec.arguments.front().empty())
    return fail(ErrorCode::invalid, "there is no program to run");
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (std::ranges::any_of(spec.arguments, has_nul))
    return fail(ErrorCode::invalid, "an argument holds a NUL character");
  for (const auto& [name, value] : spec.environment) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      return fail(ErrorCode::invalid, fmt::format("'{}' cannot be an environment variable", name));
  }
  std::error_code error;
  if (!std::filesystem::is_directory(spec.working_folder, error))
    return fail(ErrorCode::not_found, fmt::format("there is no folder {} to run in", spec.working_folder.string()));
  if (!spec.exit_file.is_absolute())
    return fail(ErrorCode::invalid, fmt::format("the exit file {} must be an absolute path", spec.exit_file.string()));
  if (std::filesystem::exists(spec.exit_file, error) || std::filesystem::exists(started_file(spec.exit_file), error))
    return fail(ErrorCode::already_exists, fmt::format("the exit file {} exists already", spec.exit_file.string()));
  return {};
}

struct CommandLine {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

CommandLine shim_command(const ProcessSpec& spec, const std::string& program) {
  CommandLine line;
  line.arguments = {"/bin/sh", "-c", shim_script, spec.exit_file.string()};
  std::vector<std::string> past_the_shell;
  for (const auto& [name, value] : spec.environment)
    (is_shell_name(name) ? line.environment : past_the_shell).push_back(name + "=" + value);
  // A shell drops variables whose names it could not write itself ("n-estimators"); env(1) sets them behind its back.
  if (!past_the_shell.empty()) {
    line.arguments.emplace_back("/usr/bin/env");
    line.arguments.insert(line.arguments.end(), past_the_shell.begin(), past_the_shell.end());
  }
  line.arguments.push_back(program);
  line.arguments.insert(line.arguments.end(), spec.arguments.begin() + 1, spec.arguments.end());
  return line;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Frees what posix_spawn's two descriptions hold.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

}  // namespace

std::filesystem::path started_file(const std::filesystem::path& exit_file) {
  return std::filesystem::path(exit_file) += ".started";
}

Result<pid_t> launch(const ProcessSpec& spec) {
  CICLO_CHECK(check_spec(spec));
  CICLO_TRY(const std::string program, find_program(spec));
  CICLO_TRY(const FileDescriptor output, open_output(spec.stdout_file));
  CICLO_TRY(const FileDescriptor errors, open_output(spec.stderr_file));
  CICLO_TRY(const FileDescriptor input, open_input(spec.input));

  SpawnPlan plan;
  if (input.get() < 0) ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  else ::posix_spawn_file_actions_adddup2(&plan.actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.actions, output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.actions, errors.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, spec.working_folder.c_str());
  sigset_t every;
  sigset_t none;
  sigfillset(&every);
  sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &every);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  CommandLine line = shim_command(spec, program);
  const std::vector<char*> arguments = pointers(line.arguments);
  const std::vector<char*> environment = pointers(line.environment);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, arguments[0], &plan.actions, &plan.attributes, arguments.data(), environment.data());
  if (error != 0) return fail(code_of(error), fmt::format("cannot start {}: {}", program, reason(error)));
  return pid;
}

}  // namespace ciclo::process
