#include "resources/resource.hpp"

#include <fmt/format.h>

namespace ciclo::resources {

std::string ResourceKey::subject() const {
  std::string out = kind;
  if (!parent.empty()) out.append("/").append(parent);
  out.append("/").append(name);
  if (!version.empty()) out.append(":").append(version);
  return out;
}

std::string ResourceKey::path() const {
  return workspace.empty() ? "/" + subject() : fmt::format("/workspaces/{}/{}", workspace, subject());
}

ResourceKey parse_subject(std::string_view workspace, std::string_view subject) {
  ResourceKey key;
  const std::size_t first = subject.find('/');
  if (first == std::string_view::npos) return key;
  key.workspace = workspace;
  key.kind = subject.substr(0, first);
  std::string_view rest = subject.substr(first + 1);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    key.parent = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  const std::size_t colon = rest.rfind(':');
  key.name = rest.substr(0, colon);
  if (colon != std::string_view::npos) key.version = rest.substr(colon + 1);
  return key;
}

}  // namespace ciclo::resources
