#include "inner_loop/environments/pip_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// "pandas >= 2, <3 ; python_version…" → "pandas"
std::string distribution_name(std::string_view requirement) {
  const std::size_t end = requirement.find_first_of("=<>!~ ;[@(");
  std::string name = to_lower(requirement.substr(0, end));
  std::ranges::replace(name, '_', '-');
  return replace_all(std::move(name), ".", "-");
}

class Build {
 public:
  Build(process::ProcessRunner& runner, const PipBuildRequest& request, const std::stop_token& stop)
      : runner_(runner), request_(request), stop_(stop), deadline_(SteadyClock::now() + request.timeout) {}

  Result<std::vector<std::string>> run() {
    CICLO_CHECK(prepare());
    CICLO_CHECK(make_venv());
    std::vector<std::string> requirements = request_.plan.requirements;
    while (std::ranges::any_of(requirements, [](const std::string& r) { return !r.starts_with("-"); })) {
      CICLO_TRY(const std::optional<std::string> missing, install(requirements));
      if (!missing) break;
      drop(requirements, *missing);
    }
    return std::move(warnings_);
  }

 private:
  Result<void> prepare() {
    std::error_code error;
    std::filesystem::remove_all(request_.folder, error);
    std::filesystem::create_directories(request_.folder, error);
    if (error)
      return fail(ErrorCode::internal, fmt::format("cannot create {}: {}", request_.folder.string(), error.message()));
    std::ofstream(request_.log_file, std::ios::trunc);
    return {};
  }

  Result<void> make_venv() {
    say(fmt::format("Python {} ({})", request_.python.version(), request_.python.path.string()));
    CICLO_TRY(const int code, step({request_.python.path.string(), "-m", "venv", (request_.folder / "venv").string()}));
    if (code == 0) return {};
    return failure(ErrorCode::unavailable, "the virtual environment could not be made",
                   "on Debian the package python3-venv is needed");
  }

  // Nothing when all is installed; else the requirement that the index does not have.
  Result<std::optional<std::string>> install(const std::vector<std::string>& requirements) {
    const auto file = request_.folder / "requirements.txt";
    std::ofstream(file, std::ios::trunc) << join(requirements, "\n") << "\n";
    CICLO_TRY(const int code,
              step({(request_.folder / "venv/bin/python").string(), "-m", "pip", "install", "--no-input",
                    "--disable-pip-version-check", "--prefer-binary", "--progress-bar", "off", "-r", file.string()}));
    if (code == 0) return std::nullopt;
    const PipFailure diagnosis = diagnose_pip(read_text(request_.log_file).substr(step_start_));
    switch (diagnosis.kind) {
      case PipFailure::Kind::unreachable:
        return failure(ErrorCode::unavailable, "the package index could not be reached",
                       "check the network and pip's settings");
      case PipFailure::Kind::conflict:
        return failure(ErrorCode::invalid, "the requirements contradict each other",
                       "loosen the versions in the conda file");
      case PipFailure::Kind::no_such_package: {
        const auto listed = std::ranges::any_of(requirements, [&](const std::string& r) {
          return distribution_name(r) == distribution_name(diagnosis.requirement);
        });
        if (listed && !request_.plan.strict) return diagnosis.requirement;
        return failure(ErrorCode::invalid,
                       fmt::format("the package index has no '{}' for Python {}", diagnosis.requirement,
                                   request_.python.version()),
                       "check name and version in the conda file");
      }
      default: return failure(ErrorCode::invalid, fmt::format("pip ended with code {}", code), "");
    }
  }

  void drop(std::vector<std::string>& requirements, const std::string& missing) {
    const std::string name = distribution_name(missing);
    std::erase_if(requirements, [&](const std::string& r) { return distribution_name(r) == name; });
    warnings_.push_back(
        fmt::format("the package index has no '{}' for Python {}; it was skipped", missing, request_.python.version()));
    say(warnings_.back());
  }

  // The exit code of a program that writes to the log.
  Result<int> step(std::vector<std::string> arguments) {
    say("$ " + join(arguments, " "));
    std::error_code error;
    step_start_ = std::filesystem::file_size(request_.log_file, error);
    process::ProcessSpec spec;
    spec.arguments = std::move(arguments);
    spec.environment = request_.variables;
    spec.environment["PYTHONUNBUFFERED"] = "1";
    spec.environment["GIT_TERMINAL_PROMPT"] = "0";
    spec.working_folder = request_.folder;
    spec.stdout_file = request_.log_file;
    spec.stderr_file = request_.log_file;
    spec.exit_file = request_.folder / fmt::format("step-{}.exit", ++steps_);
    CICLO_TRY(const process::ProcessHandle handle, runner_.start(spec));
    const std::stop_callback on_stop(stop_, [&] { runner_.terminate(handle, std::chrono::seconds(2)); });
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - SteadyClock::now());
    if (!runner_.wait(handle, std::max(left, std::chrono::milliseconds(0)))) {
      runner_.terminate(handle, std::chrono::seconds(2));
      return failure(ErrorCode::timeout, "the environment took too long to build", "");
    }
    if (stop_.stop_requested()) return fail(ErrorCode::conflict, "the build of the environment was stopped");
    return runner_.state(handle).exit_code.value_or(1);
  }

  void say(const std::string& line) { std::ofstream(request_.log_file, std::ios::app) << line << "\n"; }

  Failure failure(ErrorCode code, const std::string& cause, std::string hint) {
    const std::string tail = last_lines(read_text(request_.log_file).substr(step_start_), 12);
    return fail(code, fmt::format("{}{}{}", cause, tail.empty() ? "" : "; the log ends with:\n", tail), {},
                std::move(hint));
  }

  process::ProcessRunner& runner_;
  const PipBuildRequest& request_;
  const std::stop_token& stop_;
  const SteadyClock::time_point deadline_;
  std::vector<std::string> warnings_;
  std::uintmax_t step_start_ = 0;  // where the current program's output begins in the log
  int steps_ = 0;
};

}  // namespace

Result<std::vector<std::string>> build_with_pip(process::ProcessRunner& runner, const PipBuildRequest& request,
                                                const std::stop_token& stop) {
  return Build(runner, request, stop).run();
}

void end_leftover_build(process::ProcessRunner& runner, const std::filesystem::path& folder) {
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".started") continue;
    const auto exit_file = std::filesystem::path(entry->path()).replace_extension();
    if (const auto handle = runner.find(exit_file)) runner.terminate(*handle, std::chrono::milliseconds(0));
  }
}

PipFailure diagnose_pip(std::string_view output) {
  constexpr std::string_view missing = "No matching distribution found for ";
  PipFailure failure;
  const bool unreachable = output.find("NewConnectionError") != std::string_view::npos ||
                           output.find("Temporary failure in name resolution") != std::string_view::npos ||
                           output.find("ProxyError") != std::string_view::npos ||
                           output.find("ConnectTimeoutError") != std::string_view::npos;
  const std::size_t at = output.rfind(missing);
  if (at != std::string_view::npos) {
    // pip says the same of a package that is not there and of one it could not ask for.
    std::string_view line = output.substr(at + missing.size());
    line = trim(line.substr(0, line.find('\n')));
    failure.kind = unreachable ? PipFailure::Kind::unreachable : PipFailure::Kind::no_such_package;
    failure.requirement = line.substr(0, line.find(" (from"));
  } else if (output.find("ResolutionImpossible") != std::string_view::npos) {
    failure.kind = PipFailure::Kind::conflict;
  } else if (unreachable) {
    failure.kind = PipFailure::Kind::unreachable;
  }
  return failure;
}

std::string last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines = split(text, '\n');
  std::erase_if(lines, [](const std::string& line) { return trim(line).empty(); });
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return join(lines, "\n");
}

}  // namespace ciclo::inner_loop
