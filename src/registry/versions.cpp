// Creating model versions, and aliases.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "inner_loop/tracking/limits.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "registry/kinds.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {
namespace {

using resources::Resource;
using resources::ResourceKey;

// A path on somebody's machine: it would have the server read any of its files.
bool is_local(std::string_view source) {
  const auto colon = source.find(':');
  if (colon == std::string_view::npos || colon < 2) return true;  // no scheme, or a drive letter
  const std::string_view scheme = source.substr(0, colon);
  const auto is_scheme_character = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  };
  return iequals(scheme, "file") || !std::ranges::all_of(scheme, is_scheme_character);
}

Result<void> check_source(const NewVersion& request) {
  for (const tracking::Tag& tag : request.tags)
    if (tag.key == "mlflow.prompt.is_prompt" && iequals(tag.value, "true")) return {};
  if (!is_local(request.source)) return {};
  return fail(
      ErrorCode::invalid,
      fmt::format("Invalid model version source: '{}'. To use a local path as a model version source, the run_id "
                  "request parameter has to be specified and the local path has to be contained within the "
                  "artifact directory of the run specified by the run_id",
                  request.source),
      "source", "log the model to a run, and register runs:/<run>/<path>");
}

// A run and a logged model that are named as where the version comes from are there.
Result<void> check_lineage(sql::Session& session, const NewVersion& request) {
  const std::string& workspace = request.model.workspace;
  if (!request.run_id.empty()) {
    CICLO_TRY(const auto run, tracking::RunStore().find(session, {.workspace = workspace, .run_id = request.run_id}));
    if (!run) return fail(ErrorCode::invalid, fmt::format("Run with id={} not found", request.run_id), "run_id");
  }
  if (!request.model_id.empty()) {
    CICLO_TRY(const auto model,
              tracking::LoggedModelStore().find(session, {.workspace = workspace, .model_id = request.model_id}));
    if (!model) {
      return fail(ErrorCode::invalid, fmt::format("Logged model with ID '{}' not found", request.model_id), "model_id");
    }
  }
  return {};
}

Result<void> check_alias_text(const std::string& alias) {
  const auto is_allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  if (alias.empty() || alias.size() > 255 || !std::ranges::all_of(alias, is_allowed)) {
    return fail(ErrorCode::invalid, fmt::format("Invalid alias name: '{}'", alias.substr(0, 255)), "alias",
                "an alias holds letters, digits, '_' and '-'");
  }
  return {};
}

// For an alias to be set: neither a version's number nor "latest".
Result<void> check_alias(const std::string& alias) {
  CICLO_CHECK(check_alias_text(alias));
  const bool is_version = alias.size() > 1 && (alias[0] == 'v' || alias[0] == 'V') &&
                          std::all_of(alias.begin() + 1, alias.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_version || iequals(alias, "latest")) {
    return fail(ErrorCode::invalid, fmt::format("Invalid alias name: '{}' is reserved", alias), "alias");
  }
  return {};
}

resources::CreateRequest document_of(const NewVersion& request) {
  resources::CreateRequest create;
  create.workspace = request.model.workspace;
  create.kind = "model";
  create.document = {{"name", request.model.name}, {"path", request.source}};
  if (!request.description.empty()) create.document["description"] = request.description;
  for (const tracking::Tag& tag : request.tags) create.document["tags"][tag.key] = tag.value;
  if (!request.run_id.empty()) create.status["run_id"] = request.run_id;
  if (!request.run_link.empty()) create.status["run_link"] = request.run_link;
  if (!request.model_id.empty()) create.status["model_id"] = request.model_id;
  return create;
}

}  // namespace

Result<Resource> RegistryService::create_version(const Caller& caller, const NewVersion& request) {
  CICLO_CHECK(check_source(request));
  for (const tracking::Tag& tag : request.tags)
    if (tag.key.empty() || tag.key.size() > tracking::max_key_length)
      return fail(ErrorCode::invalid, fmt::format("Invalid tag name '{}'", tag.key.substr(0, 40)), "tags");
  return resources_.parts().database.write([&](sql::Session& session) -> Result<Resource> {
    CICLO_CHECK(container_in(session, request.model));
    CICLO_CHECK(check_lineage(session, request));
    return resources_.create_in(session, caller, document_of(request));
  });
}

Result<void> RegistryService::set_alias(const Caller& caller, const ResourceKey& version, const std::string& alias) {
  CICLO_CHECK(check_alias(alias));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(container_in(session, {version.workspace, version.name}));
    CICLO_TRY(const auto found, resources_.parts().store.find(session, version));
    if (!found) {
      return fail(ErrorCode::not_found,
                  fmt::format("Model Version (name={}, version={}) not found", version.name, version.version));
    }
    CICLO_CHECK(resources_.parts().store.set_label(session, version, alias));
    return record(session, caller, version, {.what = "labelled", .operation = "set label", .data = {{"label", alias}}});
  });
}

Result<void> RegistryService::remove_alias(const Caller& caller, const ModelName& model, const std::string& alias) {
  CICLO_CHECK(check_alias_text(alias));
  return resources_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto container, container_in(session, model));
    const auto has = [&](const auto& label) { return label.first == alias; };
    if (std::ranges::none_of(container.labels, has)) return {};
    CICLO_CHECK(resources_.parts().store.remove_label(session, key_of(model), alias));
    return record(session, caller, key_of(model),
                  {.what = "unlabelled", .operation = "remove label", .data = {{"label", alias}}});
  });
}

Result<Resource> RegistryService::version_of_alias(const ModelName& model, const std::string& alias) {
  return resources_.parts().database.read([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(const auto container, container_in(session, model));
    const bool is_latest = iequals(alias, "latest");
    if (is_latest && container.latest_version.empty())
      return fail(ErrorCode::not_found, fmt::format("Latest version not found for model {}", model.name), "alias");
    std::string version = is_latest ? container.latest_version : "";
    for (const auto& [label, labelled] : container.labels)
      if (label == alias) version = labelled;
    if (version.empty()) {
      return fail(ErrorCode::invalid, fmt::format("Registered model alias {} not found", alias), "alias");
    }
    return resources_.parts().store.get(session, key_of(model, version));
  });
}

}  // namespace ciclo::registry
