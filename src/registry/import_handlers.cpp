#include <fmt/format.h>

#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/import_routes.hpp"
#include "registry/import_service.hpp"

namespace ciclo::registry {
namespace {

using tracking::Arguments;

constexpr std::size_t max_models = 100;

Result<ImportedModel> imported_model(const std::string& workspace, const Json& value) {
  const Arguments fields(value);
  ImportedModel item;
  item.model.model.workspace = workspace;
  CICLO_TRY(item.model.model.name, fields.required_text("name"));
  CICLO_TRY(item.model.description, fields.text("description"));
  CICLO_TRY(item.model.tags, fields.tags("tags"));
  CICLO_TRY(const auto created, fields.integer("creation_timestamp"));
  CICLO_TRY(const auto updated, fields.integer("last_updated_timestamp"));
  item.creation_time = created.value_or(0);
  item.last_update_time = updated.value_or(item.creation_time);
  return item;
}

Result<ImportedVersion> imported_version(const std::string& workspace, const Json& value) {
  const Arguments fields(value);
  ImportedVersion item;
  NewVersion& version = item.version;
  version.model.workspace = workspace;
  CICLO_TRY(version.model.name, fields.required_text("name"));
  CICLO_TRY(item.number, fields.required_text("version"));
  CICLO_TRY(version.source, fields.required_text("source"));
  CICLO_TRY(version.run_id, fields.text("run_id"));
  CICLO_TRY(version.run_link, fields.text("run_link"));
  CICLO_TRY(version.model_id, fields.text("model_id"));
  CICLO_TRY(version.description, fields.text("description"));
  CICLO_TRY(version.tags, fields.tags("tags"));
  CICLO_TRY(item.stage, fields.text("current_stage"));
  CICLO_TRY(item.aliases, fields.texts("aliases"));
  CICLO_TRY(const auto created, fields.integer("creation_timestamp"));
  CICLO_TRY(const auto updated, fields.integer("last_updated_timestamp"));
  item.creation_time = created.value_or(0);
  item.last_update_time = updated.value_or(item.creation_time);
  return item;
}

// Each item is parsed and taken by itself, in order.
template <class Parse, class Take>
Result<http::Response> take_each(const http::Request& request, const std::string& name, Parse parse, Take take) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const Json* list, tracking::import_items(body, name, max_models));
  std::vector<tracking::ImportOutcome> outcomes;
  for (const Json& value : *list) {
    CICLO_TRY(const auto item, parse(request.parameter("workspace"), value));
    CICLO_TRY(auto outcome, take(resources::caller_of(request), item));
    outcomes.push_back(std::move(outcome));
  }
  return tracking::import_answer(name, outcomes);
}

}  // namespace

Result<void> add_import_routes(http::Router& router, ModelImport& imports) {
  const auto add = [&](std::string_view name, http::Handler handler) {
    return tracking::add_import_route(router,
                                      {.name = name,
                                       .summary = fmt::format("Take in {} of an MLflow store as they are", name),
                                       .handler = std::move(handler)});
  };
  CICLO_CHECK(add("registered-models", [&imports](http::Request& request) {
    return take_each(request, "registered_models", imported_model,
                     [&](const auto& caller, const auto& item) { return imports.model(caller, item); });
  }));
  return add("model-versions", [&imports](http::Request& request) {
    return take_each(request, "model_versions", imported_version,
                     [&](const auto& caller, const auto& item) { return imports.version(caller, item); });
  });
}

}  // namespace ciclo::registry
