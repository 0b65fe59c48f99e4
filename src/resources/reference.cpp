#include "resources/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::resources {
namespace {

constexpr std::string_view scheme = "azureml:";

Failure malformed(std::string_view text) {
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a reference", text), {},
              "write azureml:<name>:<version>, azureml:<name>@<label> or "
              "azureml://registries/<workspace>/<kind>s/<name>/versions/<version>");
}

// …/N/versions/V or …/N/labels/L, split at '/' from `first` on.
Result<Reference> parse_path(std::string_view text, const std::vector<std::string>& parts, std::size_t first) {
  if (parts.size() != first + 5 || parts[first].empty() || parts[first + 2].empty()) return malformed(text);
  Reference reference{.workspace = parts[first], .name = parts[first + 2], .version = {}, .label = {}};
  if (parts[first + 3] == "versions") reference.version = parts[first + 4];
  else if (parts[first + 3] == "labels") reference.label = parts[first + 4];
  else return malformed(text);
  if (parts[first + 4].empty()) return malformed(text);
  return reference;
}

Result<Reference> parse_short(std::string_view text, std::string_view body) {
  Reference reference;
  if (const std::size_t at = body.rfind('@'); at != std::string_view::npos) {
    reference.name = body.substr(0, at);
    reference.label = body.substr(at + 1);
    if (reference.label.empty()) return malformed(text);
  } else {
    const std::size_t colon = body.rfind(':');
    reference.name = body.substr(0, colon);
    if (colon != std::string_view::npos) {
      reference.version = body.substr(colon + 1);
      if (reference.version.empty()) return malformed(text);
    }
  }
  if (reference.name.empty() || reference.name.find('/') != std::string::npos) return malformed(text);
  return reference;
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool is_name_char(char c) {
  return is_name_start(c) || c == '-' || c == '.' || c == ' ';
}

}  // namespace

std::string Reference::text() const {
  if (!workspace.empty()) {
    return fmt::format("azureml://registries/{}/assets/{}/{}/{}", workspace, name,
                       version.empty() ? "labels" : "versions", version.empty() ? label : version);
  }
  if (!version.empty()) return fmt::format("azureml:{}:{}", name, version);
  if (!label.empty()) return fmt::format("azureml:{}@{}", name, label);
  return fmt::format("azureml:{}", name);
}

Result<Reference> parse_reference(std::string_view text) {
  std::string_view body = trim(text);
  if (body.starts_with("azureml://registries/")) return parse_path(text, split(body, '/'), 3);
  if (body.starts_with("azureml:/workspaces/")) body.remove_prefix(scheme.size());
  if (body.starts_with("/workspaces/")) return parse_path(text, split(body, '/'), 2);
  if (body.starts_with("azureml://")) return malformed(text);
  if (body.starts_with(scheme)) body.remove_prefix(scheme.size());
  return parse_short(text, body);
}

Result<void> check_name(std::string_view name, std::string_view what) {
  static constexpr std::size_t longest = 255;
  const bool good = !name.empty() && name.size() <= longest && is_name_start(name.front()) &&
                    std::ranges::all_of(name, is_name_char) && name.back() != ' ';
  if (good) return {};
  return fail(ErrorCode::invalid, fmt::format("'{}' cannot be the {}", name.substr(0, 80), what), "/name",
              "use 1–255 letters, digits, '-', '_' and '.', beginning with a letter, a digit or '_'");
}

}  // namespace ciclo::resources
