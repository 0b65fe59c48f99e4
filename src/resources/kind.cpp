#include "resources/kind.hpp"

#include <fmt/format.h>

#include <map>

#include "base/json_schema.hpp"

namespace ciclo::resources {

struct KindTable::Schemas {
  std::map<std::string, JsonSchema, std::less<>> by_kind;
};

KindTable::KindTable() : schemas_(std::make_unique<Schemas>()) {}
KindTable::~KindTable() = default;
KindTable::KindTable(KindTable&&) noexcept = default;
KindTable& KindTable::operator=(KindTable&&) noexcept = default;

Result<void> KindTable::add(Kind kind) {
  if (find(kind.name) != nullptr)
    return fail(ErrorCode::already_exists, fmt::format("the kind '{}' is there twice", kind.name));
  auto parsed = parse_json(kind.schema);
  if (!parsed) return Failure(parsed.error().add_context(fmt::format("schemas/{}.json", kind.name)));
  auto schema = JsonSchema::compile(*parsed);
  if (!schema) return Failure(schema.error().add_context(fmt::format("schemas/{}.json", kind.name)));
  schemas_->by_kind.emplace(kind.name, *std::move(schema));
  kinds_.push_back(std::make_unique<Kind>(std::move(kind)));
  return {};
}

const Kind* KindTable::find(std::string_view name) const {
  for (const auto& kind : kinds_)
    if (kind->name == name) return kind.get();
  return nullptr;
}

const Kind* KindTable::find_plural(std::string_view plural) const {
  for (const auto& kind : kinds_)
    if (kind->plural == plural) return kind.get();
  return nullptr;
}

Result<void> KindTable::validate(const Kind& kind, const Json& document) const {
  const auto found = schemas_->by_kind.find(kind.name);
  if (found == schemas_->by_kind.end())
    return fail(ErrorCode::internal, fmt::format("the kind '{}' is not in the table", kind.name));
  return found->second.validate(document);
}

Json default_view(const Kind& kind, const Resource& resource) {
  Json out = Json::object();
  const ResourceKey& key = resource.key;
  out["name"] = key.name;
  if (!key.version.empty()) out["version"] = key.version;
  std::string id = key.workspace.empty() ? "" : "/workspaces/" + key.workspace;
  if (!key.parent.empty()) id += fmt::format("/{}s/{}", kind.parent_kind, key.parent);
  id += fmt::format("/{}/{}", kind.plural, key.name);
  if (!key.version.empty()) id += "/versions/" + key.version;
  out["id"] = id;
  if (!key.workspace.empty()) out["workspace"] = key.workspace;
  if (!key.parent.empty()) out["endpoint_name"] = key.parent;
  for (const auto& [name, value] : resource.spec.items()) out[name] = value;
  for (const auto& [name, value] : resource.status.items()) out[name] = value;
  out["tags"] = resource.tags;
  if (resource.archived) out["archived"] = true;
  out["creation_context"] = {{"created_at", format_rfc3339(resource.created_at)},
                             {"created_by", resource.created_by},
                             {"created_by_type", "User"},
                             {"last_modified_at", format_rfc3339(resource.updated_at)},
                             {"last_modified_by", resource.updated_by}};
  out["etag"] = std::to_string(resource.revision);
  return out;
}

Json view(const Kind& kind, const Resource& resource) {
  return kind.view ? kind.view(resource) : default_view(kind, resource);
}

}  // namespace ciclo::resources
