#include "inner_loop/environments/builder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "inner_loop/environments/conda_file.hpp"
#include "inner_loop/environments/interpreters.hpp"
#include "inner_loop/environments/pip_build.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string path_of(const std::map<std::string, std::string>& variables) {
  const auto found = variables.find("PATH");
  return found == variables.end() || found->second.empty() ? std::string(default_path) : found->second;
}

bool has_program(const std::string& path, const char* program) {
  for (const std::string& folder : split(path, ':'))
    if (!folder.empty() && ::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

// Written beside and renamed, so that it is there whole or not at all.
Result<void> write_marker(const std::filesystem::path& file, const Json& content) {
  const std::filesystem::path beside = std::filesystem::path(file) += ".new";
  std::ofstream out(beside, std::ios::trunc);
  out << to_pretty_text(content) << "\n";
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(beside, file, error);
  if (!out || error)
    return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", file.string(), error.message()));
  return {};
}

std::optional<Json> read_marker(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open()) return std::nullopt;
  auto parsed = parse_json(text);
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

}  // namespace

class EnvironmentBuilder::Impl {
 public:
  Impl(process::ProcessRunner& runner, Settings settings) : runner_(runner), settings_(std::move(settings)) {}

  struct Wanted {
    CondaPlan plan;
    Interpreter python;
    std::string hash;
  };

  Result<BuiltEnvironment> host(const Json& spec) {
    BuiltEnvironment built;
    built.identity = "host";
    built.variables = settings_.variables;
    std::string path = path_of(settings_.variables);
    if (!has_program(path, "python") && has_program(path, "python3")) {
      CICLO_TRY(const auto folder, python_alias());
      path = folder.string() + ":" + path;
    }
    built.variables["PATH"] = path;
    CICLO_TRY(const CondaPlan plan, plan_conda(spec));
    for (const auto& [name, value] : plan.variables) built.variables[name] = value;
    return built;
  }

  Result<Wanted> want(const Json& spec) {
    Wanted wanted;
    CICLO_TRY(wanted.plan, plan_conda(spec));
    const auto python = choose_interpreter(wanted.plan.python, interpreters());
    if (!python)
      return fail(ErrorCode::unavailable, "there is no Python on this machine, and the environment has a conda file",
                  {}, "install python3 and python3-venv");
    wanted.python = *python;
    const std::vector<std::string> asked = split(wanted.plan.python, '.');
    if (asked.size() >= 2 && asked[0] + "." + asked[1] != python->version())
      wanted.plan.warnings.push_back(
          fmt::format("Python {} is not installed; {} is used", wanted.plan.python, python->version()));
    // The leading number changes when environments are made in another way.
    const Json form = {1, python->version(), python->path.string(), wanted.plan.requirements, wanted.plan.strict};
    wanted.hash = sha256_hex(to_text(form)).substr(0, 32);
    return wanted;
  }

  Result<BuiltEnvironment> get(const Json& spec, const std::stop_token& stop) {
    if (is_host_environment(spec)) return host(spec);
    CICLO_TRY(const Wanted wanted, want(spec));
    const auto folder = settings_.root / wanted.hash;
    if (const auto marker = read_marker(folder / "ready.json")) return finished(wanted, *marker);
    std::shared_ptr<Build> build = join_or_start(wanted);
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return build->result.has_value(); }))
      return fail(ErrorCode::conflict, "waiting for the environment was given up");
    if (!*build->result) return std::unexpected(build->result->error());
    return finished(wanted, **build->result);
  }

  std::filesystem::path log_file(const std::string& hash) const { return settings_.root / (hash + ".log"); }

 private:
  struct Build {
    std::optional<Result<Json>> result;  // the marker
    std::jthread thread;
  };

  // Looked for once: the set changes rarely, and asking takes processes.
  std::vector<Interpreter> interpreters() {
    const std::lock_guard lock(interpreters_mutex_);
    if (!interpreters_) {
      interpreters_ = find_interpreters(path_of(settings_.variables),
                                        [this](const std::filesystem::path& program) { return ask_version(program); });
    }
    return *interpreters_;
  }

  std::optional<std::string> ask_version(const std::filesystem::path& program) {
    std::error_code error;
    const auto folder = settings_.root / "probe" / random_hex(8);
    std::filesystem::create_directories(folder, error);
    process::ProcessSpec spec;
    spec.arguments = {program.string(), "-c", "import platform; print(platform.python_version())"};
    spec.environment = settings_.variables;
    spec.working_folder = folder;
    spec.stdout_file = folder / "out";
    spec.stderr_file = folder / "err";
    spec.exit_file = folder / "exit";
    std::optional<std::string> version;
    if (const auto handle = runner_.start(spec)) {
      if (!runner_.wait(*handle, std::chrono::seconds(20))) runner_.terminate(*handle, std::chrono::milliseconds(0));
      std::ifstream out(spec.stdout_file);
      std::string line;
      if (runner_.state(*handle).exit_code == 0 && std::getline(out, line)) version = line;
    }
    std::filesystem::remove_all(folder, error);
    return version;
  }

  BuiltEnvironment finished(const Wanted& wanted, const Json& marker) const {
    BuiltEnvironment built;
    built.identity = wanted.hash;
    built.folder = settings_.root / wanted.hash / "venv";
    built.variables = settings_.variables;
    built.variables["PATH"] = (built.folder / "bin").string() + ":" + path_of(settings_.variables);
    built.variables["VIRTUAL_ENV"] = built.folder.string();
    for (const auto& [name, value] : wanted.plan.variables) built.variables[name] = value;
    built.warnings = wanted.plan.warnings;
    for (const Json& warning : member(marker, "warnings"))
      if (warning.is_string()) built.warnings.push_back(warning.get<std::string>());
    return built;
  }

  std::shared_ptr<Build> join_or_start(const Wanted& wanted) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Build>& build = builds_[wanted.hash];
    if (build && !build->result) return build;
    if (build && *build->result) return build;  // done since the marker was looked for
    build = std::make_shared<Build>();
    build->thread = std::jthread([this, wanted, target = build.get()](const std::stop_token& stop) {
      Result<Json> result = run(wanted, stop);
      const std::lock_guard done(mutex_);
      target->result = std::move(result);
      changed_.notify_all();
    });
    return build;
  }

  Result<Json> run(const Wanted& wanted, const std::stop_token& stop) {
    const auto folder = settings_.root / wanted.hash;
    std::error_code error;
    std::filesystem::create_directories(settings_.root, error);
    end_leftover_build(runner_, folder);
    const PipBuildRequest request{folder,        log_file(wanted.hash), wanted.plan,
                                  wanted.python, settings_.variables,   settings_.build_timeout};
    CICLO_TRY(const std::vector<std::string> warnings, build_with_pip(runner_, request, stop));
    const Json marker{
        {"python", wanted.python.version()}, {"requirements", wanted.plan.requirements}, {"warnings", warnings}};
    CICLO_CHECK(write_marker(folder / "ready.json", marker));
    return marker;
  }

  // A folder whose only program is `python`.
  Result<std::filesystem::path> python_alias() {
    const auto python = choose_interpreter("", interpreters());
    const auto folder = settings_.root / "host" / "bin";
    if (!python) return folder;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!error && !std::filesystem::exists(std::filesystem::symlink_status(folder / "python", error))) {
      error.clear();
      std::filesystem::create_symlink(python->path, folder / "python", error);
      if (error == std::errc::file_exists) error.clear();  // another thread was first
    }
    if (error) return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", folder.string(), error.message()));
    return folder;
  }

  process::ProcessRunner& runner_;
  const Settings settings_;
  std::mutex interpreters_mutex_;
  std::optional<std::vector<Interpreter>> interpreters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Last: its threads use what stands above.
  std::map<std::string, std::shared_ptr<Build>> builds_;
};

EnvironmentBuilder::EnvironmentBuilder(process::ProcessRunner& runner, Settings settings)
    : impl_(std::make_unique<Impl>(runner, std::move(settings))) {}
EnvironmentBuilder::~EnvironmentBuilder() = default;

Result<BuiltEnvironment> EnvironmentBuilder::get(const Json& spec, const std::stop_token& stop) {
  return impl_->get(spec, stop);
}

Result<std::string> EnvironmentBuilder::identity_of(const Json& spec) const {
  if (is_host_environment(spec)) return "host";
  CICLO_TRY(const auto wanted, impl_->want(spec));
  return wanted.hash;
}

std::filesystem::path EnvironmentBuilder::log_file(const Json& spec) const {
  if (is_host_environment(spec)) return {};
  const auto wanted = impl_->want(spec);
  return wanted ? impl_->log_file(wanted->hash) : std::filesystem::path();
}

std::map<std::string, std::string> inherited_variables() {
  std::map<std::string, std::string> variables;
  for (const char* name : {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "HTTP_PROXY",
                           "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE",
                           "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "XDG_CACHE_HOME"})
    if (const char* value = ::getenv(name); value != nullptr) variables[name] = value;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.starts_with("PIP_") && equals != std::string_view::npos)
      variables[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
  }
  return variables;
}

}  // namespace ciclo::inner_loop
