#include <fmt/format.h>

#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/import_forms.hpp"
#include "inner_loop/tracking/import_handlers.hpp"
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
  const Json& list = member(body, name);
  if (!list.is_array()) return fail(ErrorCode::invalid, fmt::format("'{}' must be a list", name), "/" + name);
  if (list.size() > max_models) {
    return fail(ErrorCode::too_large, fmt::format("'{}' holds {} items", name, list.size()), "/" + name,
                fmt::format("send at most {} at once", max_models));
  }
  Json answer{{name, Json::array()}};
  for (const Json& value : list) {
    CICLO_TRY(const auto item, parse(request.parameter("workspace"), value));
    CICLO_TRY(const auto outcome, take(resources::caller_of(request), item));
    answer[name].push_back(tracking::to_json(outcome));
  }
  return http::Response::json(answer);
}

}  // namespace

Result<void> add_import_routes(http::Router& router, ModelImport& imports) {
  const auto add = [&](std::string_view name, http::Handler handler) {
    http::Route route;
    route.method = http::Method::post;
    route.pattern = std::string(tracking::import_path) + std::string(name);
    route.action = "workspace/write";
    route.body_limit = tracking::max_import_body;
    route.summary = fmt::format("Take in {} of an MLflow store as they are", name);
    route.tag = "import";
    route.handler = std::move(handler);
    return router.add(std::move(route));
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
