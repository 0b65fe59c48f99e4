#include "registry/locator.hpp"

#include <fmt/format.h>

#include "resources/reference.hpp"

namespace ciclo::registry {
namespace {

// models:/name/3 and models:/name@alias, and every form that resources know.
Result<resources::Reference> reference_of(const std::string& text) {
  constexpr std::string_view scheme = "models:/";
  if (!text.starts_with(scheme)) return resources::parse_reference(text);
  resources::Reference reference;
  const std::string rest = text.substr(scheme.size());
  const auto mark = rest.find_last_of("/@");
  if (mark == std::string::npos || mark == 0 || mark + 1 == rest.size()) {
    return fail(ErrorCode::invalid, fmt::format("'{}' names no model version", text), text,
                "write models:/name/version or models:/name@alias");
  }
  reference.name = rest.substr(0, mark);
  (rest[mark] == '@' || rest.substr(mark + 1) == "latest" ? reference.label : reference.version) =
      rest.substr(mark + 1);
  return reference;
}

}  // namespace

Result<LocatedModel> RegistryLocator::locate(const std::string& workspace, const std::string& reference) {
  return resources_.parts().database.read(
      [&](sql::Session& session) { return locate_in(session, workspace, reference); });
}

Result<LocatedModel> RegistryLocator::locate_in(sql::Session& session, const std::string& workspace,
                                                const std::string& reference) {
  CICLO_TRY(const auto parsed, reference_of(reference));
  CICLO_TRY(const auto version, resources_.resolve_in(session, "model", workspace, parsed));
  return describe(version);
}

Result<LocatedModel> RegistryLocator::describe(const resources::Resource& version) const {
  LocatedModel model;
  model.key = version.key;
  model.type = text_or(version.spec, "type");
  model.path = text_or(version.spec, "path");
  const Json& location = member(version.status, "location");
  model.blob_key = text_or(location, "key");
  if (model.blob_key.empty()) {
    return fail(ErrorCode::unsupported,
                fmt::format("the files of model '{}' do not lie on this server: {}", version.key.name, model.path),
                version.key.subject(), "register a copy that was uploaded or logged here");
  }
  const Json& is_file = member(location, "is_file");
  model.is_file = is_file.is_boolean() && is_file.get<bool>();
  model.local_path = blobs_.local_path(model.blob_key);
  for (const auto& [field, into] : {std::pair("flavors", &model.flavors), std::pair("signature", &model.signature),
                                    std::pair("metrics", &model.metrics)})
    if (const Json& value = member(version.status, field); value.is_object()) *into = value;
  model.tags = version.tags;
  model.run_id = text_or(version.status, "run_id");
  model.created_by = version.created_by;
  return model;
}

}  // namespace ciclo::registry
