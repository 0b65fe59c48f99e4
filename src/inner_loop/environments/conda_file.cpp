#include "inner_loop/environments/conda_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::size_t max_dependencies = 2000;

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> other_names{{
    {"pytorch", "torch"},
    {"pytorch-cpu", "torch"},
    {"pytorch-gpu", "torch"},
    {"tensorflow-gpu", "tensorflow"},
    {"opencv", "opencv-python-headless"},
    {"py-opencv", "opencv-python-headless"},
    {"py-xgboost", "xgboost"},
    {"py-xgboost-cpu", "xgboost"},
    {"matplotlib-base", "matplotlib"},
    {"msgpack-python", "msgpack"},
    {"dask-core", "dask"},
    {"python-graphviz", "graphviz"},
}};

// Of conda's world alone: compilers, system libraries, tools.
constexpr std::array<std::string_view, 26> not_python{
    "cudatoolkit", "cudnn",  "pytorch-cuda", "pytorch-mutex", "cuda-toolkit", "nccl",    "gcc",
    "gxx",         "libgcc", "libgcc-ng",    "libstdcxx-ng",  "libgomp",      "openmpi", "mpich",
    "openblas",    "blas",   "mkl",          "nodejs",        "git",          "openjdk", "openssl",
    "zlib",        "libffi", "readline",     "sqlite",        "conda"};

bool is_address(std::string_view requirement) {
  const std::size_t at = requirement.find('@');
  const std::string_view target = at == std::string_view::npos ? requirement : trim(requirement.substr(at + 1));
  const auto starts_like_one = [](std::string_view text) {
    return text.find("://") != std::string_view::npos || text.starts_with("git+") || text.starts_with("file:");
  };
  return starts_like_one(requirement) || (at != std::string_view::npos && starts_like_one(target));
}

// The address without a name and password that may stand in it.
std::string without_credentials(std::string_view requirement) {
  std::string text(requirement);
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t host_end = text.find_first_of("/?#", scheme + 3);
  const std::size_t at = text.rfind('@', host_end);
  if (at != std::string::npos && at > scheme) text.erase(scheme + 3, at - scheme - 2);
  return text;
}

bool is_path(std::string_view requirement) {
  return requirement.starts_with(".") || requirement.starts_with("/") || requirement.starts_with("-e") ||
         requirement.starts_with("--editable") || requirement.starts_with("-r") || requirement.starts_with("-c") ||
         requirement.starts_with("--requirement") || requirement.starts_with("--constraint");
}

bool is_index_option(std::string_view requirement) {
  for (const std::string_view option : {"--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--pre",
                                        "--prefer-binary", "--trusted-host", "--no-binary", "--only-binary"})
    if (requirement.starts_with(option)) return true;
  return false;
}

class Planner {
 public:
  explicit Planner(CondaPlan& plan) : plan_(plan) {}

  Result<void> conda_entry(const std::string& entry, const std::string& pointer) {
    std::string package = entry;
    const std::size_t channel = package.find("::");
    if (channel != std::string::npos) package.erase(0, channel + 2);
    const std::string name = to_lower(package.substr(0, package.find_first_of("=<>!~ [")));
    if (name.empty()) return fail(ErrorCode::invalid, fmt::format("'{}' names no package", entry), pointer);
    if (name == "python") {
      const std::size_t digit = package.find_first_of("0123456789");
      if (digit == std::string::npos) return {};
      plan_.python = package.substr(digit, package.find_first_not_of("0123456789.", digit) - digit);
      while (plan_.python.ends_with('.')) plan_.python.pop_back();
      return {};
    }
    if (name == "pip" || name == "setuptools" || name == "wheel") return {};
    const std::string requirement = pip_requirement_of(package);
    if (!requirement.empty()) {
      plan_.requirements.push_back(requirement);
      return {};
    }
    return skip(fmt::format("conda package '{}' is not for Python", name), pointer);
  }

  Result<void> pip_entry(const std::string& entry, const std::string& pointer) {
    std::string requirement(trim(entry.substr(0, entry.find(" #"))));
    if (requirement.empty() || requirement.starts_with("#")) return {};
    if (requirement.find('\n') != std::string::npos || requirement.find('\0') != std::string::npos)
      return fail(ErrorCode::invalid, "a requirement is one line", pointer);
    if (is_path(requirement))
      return skip(fmt::format("'{}' points at a file, which the server does not have", requirement), pointer);
    if (is_address(requirement) && !plan_.strict && !is_index_option(requirement))
      return skip(fmt::format("'{}' is an address, not a package of the index", without_credentials(requirement)),
                  pointer);
    if (requirement.starts_with("-") && !is_index_option(requirement))
      return skip(fmt::format("pip option '{}' is not taken", requirement), pointer);
    plan_.requirements.push_back(std::move(requirement));
    return {};
  }

 private:
  Result<void> skip(const std::string& why, const std::string& pointer) {
    if (plan_.strict) return fail(ErrorCode::invalid, why, pointer, "take it out, or set properties.strict to false");
    plan_.warnings.push_back(why + "; it was skipped");
    return {};
  }

  CondaPlan& plan_;
};

bool truth(const Json& value) {
  return value.is_boolean() ? value.get<bool>() : value.is_string() && iequals(value.get<std::string>(), "true");
}

Result<void> plan_pip_map(Planner& planner, const Json& map, const std::string& pointer) {
  for (const auto& [key, list] : map.items()) {
    const std::string where = pointer + "/" + escape_pointer_token(key);
    if (key != "pip")
      return fail(ErrorCode::invalid, fmt::format("unknown key '{}' in dependencies", key), where,
                  "only pip: takes a list");
    if (list.is_null()) continue;
    if (!list.is_array() || list.size() > max_dependencies)
      return fail(ErrorCode::invalid, fmt::format("pip: must be a list of at most {} requirements", max_dependencies),
                  where);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string item = fmt::format("{}/{}", where, i);
      if (!list[i].is_string()) return fail(ErrorCode::invalid, "a requirement must be text", item);
      CICLO_CHECK(planner.pip_entry(list[i].get<std::string>(), item));
    }
  }
  return {};
}

}  // namespace

bool is_host_environment(const Json& spec) {
  const Json& file = member(spec, "conda_file");
  if (file.is_null()) return true;
  const Json& dependencies = member(file, "dependencies");
  return file.is_object() && (dependencies.is_null() || dependencies.empty());
}

std::string pip_requirement_of(std::string_view conda_package) {
  const std::string_view package = trim(conda_package);
  const std::size_t end = package.find_first_of("=<>!~ ");
  std::string name = to_lower(package.substr(0, end));
  const std::string plain = name.substr(0, name.find('['));
  if (plain.starts_with("_") || std::ranges::find(not_python, plain) != not_python.end()) return {};
  for (const auto& [conda, pip] : other_names)
    if (plain == conda) name = std::string(pip);
  std::string_view version = end == std::string_view::npos ? std::string_view() : trim(package.substr(end));
  if (version.empty() || version == "*") return name;
  if (version.find_first_of("<>!~") != std::string_view::npos) return name + replace_all(std::string(version), " ", "");
  const bool exact = version.starts_with("==");
  version = trim(version.substr(std::min(version.find_first_not_of("= "), version.size())));
  const std::size_t build = version.find('=');
  std::string number(version.substr(0, build));
  if (number.empty()) return name;
  // "=1.2" takes any 1.2.x; "==1.2", "=1.2=py_0" and a bare "1.2.3" name one.
  if (exact || build != std::string_view::npos || number.ends_with("*")) return name + "==" + number;
  return name + "==" + number + ".*";
}

Result<CondaPlan> plan_conda(const Json& spec) {
  CondaPlan plan;
  const Json& file = member(spec, "conda_file");
  if (file.is_null()) return plan;
  if (!file.is_object())
    return fail(ErrorCode::invalid, "the conda file must be given with its content", "/conda_file",
                "the command line reads the file that a path names");
  plan.strict = truth(member(member(spec, "properties"), "strict")) || truth(member(file, "strict"));
  const Json& dependencies = member(file, "dependencies");
  if (!dependencies.is_null() && (!dependencies.is_array() || dependencies.size() > max_dependencies))
    return fail(ErrorCode::invalid, fmt::format("dependencies must be a list of at most {} entries", max_dependencies),
                "/conda_file/dependencies");
  Planner planner(plan);
  for (std::size_t i = 0; i < dependencies.size(); ++i) {
    const Json& entry = dependencies[i];
    const std::string pointer = fmt::format("/conda_file/dependencies/{}", i);
    if (entry.is_string()) CICLO_CHECK(planner.conda_entry(entry.get<std::string>(), pointer));
    else if (entry.is_object()) CICLO_CHECK(plan_pip_map(planner, entry, pointer));
    else return fail(ErrorCode::invalid, "a dependency is text, or pip: with a list", pointer);
  }
  const Json& variables = member(file, "variables");
  if (variables.is_object())
    for (const auto& [name, value] : variables.items())
      plan.variables[name] = value.is_string() ? value.get<std::string>() : to_text(value);
  return plan;
}

}  // namespace ciclo::inner_loop
