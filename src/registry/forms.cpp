#include "registry/forms.hpp"

namespace ciclo::registry {
namespace {

Json tags_json(const Json& tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags.items())
    list.push_back({{"key", key}, {"value", value.is_string() ? value : Json(to_text(value))}});
  return list;
}

}  // namespace

Json to_json(const resources::Resource& version, const resources::Container* container) {
  Json answer{{"name", version.key.name},
              {"version", version.key.version},
              {"creation_timestamp", to_unix_ms(version.created_at)},
              {"last_updated_timestamp", to_unix_ms(version.updated_at)},
              {"user_id", version.created_by},
              {"current_stage", text_or(version.status, "stage", "None")},
              {"description", text_or(version.spec, "description")},
              {"source", text_or(version.spec, "path")},
              {"run_id", text_or(version.status, "run_id")},
              {"status", "READY"},
              {"run_link", text_or(version.status, "run_link")}};
  if (!version.tags.empty()) answer["tags"] = tags_json(version.tags);
  if (const auto model_id = text_or(version.status, "model_id"); !model_id.empty()) answer["model_id"] = model_id;
  if (container != nullptr)
    for (const auto& [label, labelled] : container->labels)
      if (labelled == version.key.version) answer["aliases"].push_back(label);
  return answer;
}

Json to_json(const RegisteredModel& model) {
  const resources::Container& container = model.container;
  Json answer{{"name", container.name},
              {"creation_timestamp", to_unix_ms(container.created_at)},
              {"last_updated_timestamp", to_unix_ms(container.updated_at)},
              {"user_id", container.created_by}};
  if (!container.description.empty()) answer["description"] = container.description;
  for (const resources::Resource& version : model.latest_versions)
    answer["latest_versions"].push_back(to_json(version, &container));
  if (!container.tags.empty()) answer["tags"] = tags_json(container.tags);
  for (const auto& [label, version] : container.labels)
    answer["aliases"].push_back({{"alias", label}, {"version", version}});
  return answer;
}

}  // namespace ciclo::registry
