#include "cli/resource_path.hpp"

#include <fmt/format.h>

namespace ciclo::cli {

Result<std::string> collection_path(Context& context, const resources::Kind& kind) {
  if (kind.scope == resources::Scope::organisation) return "/api/v1/" + kind.plural;
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  if (kind.parent_kind.empty()) return workspace + "/" + kind.plural;
  CICLO_TRY(const std::string endpoint, context.options.needed("endpoint-name"));
  return fmt::format("{}/{}/{}/{}", workspace, context.kinds.find(kind.parent_kind)->plural,
                     http::percent_encode(endpoint), kind.plural);
}

std::string item_path(const std::string& collection, const resources::Kind& kind, const std::string& name,
                      const std::string& version) {
  std::string path = collection + "/" + http::percent_encode(name);
  if (kind.versioning == resources::Versioning::versions)
    path += version.empty() ? "/labels/latest" : "/versions/" + http::percent_encode(version);
  return path;
}

Result<std::string> item_path(Context& context, const resources::Kind& kind) {
  CICLO_TRY(const std::string collection, collection_path(context, kind));
  CICLO_TRY(const std::string name, context.options.needed("name"));
  if (const auto label = context.options.find("label"); label && kind.versioning == resources::Versioning::versions)
    return collection + "/" + http::percent_encode(name) + "/labels/" + http::percent_encode(*label);
  return item_path(collection, kind, name, context.options.text("version"));
}

const resources::Kind& needed_kind(const Context& context, const char* name) {
  return *context.kinds.find(name);
}

}  // namespace ciclo::cli
