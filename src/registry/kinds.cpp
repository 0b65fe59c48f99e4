#include "registry/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "schemas.hpp"

namespace ciclo::registry {
namespace {

using resources::CheckContext;
using resources::Draft;

Result<void> normalise(Draft& draft) {
  Json& spec = draft.resource.spec;
  spec.erase("datastore");  // spent by the upload
  for (const char* key : {"flavors", "job_name", "stage", "description", "display_name"})
    if (member(spec, key).is_null()) spec.erase(key);
  Json& status = draft.resource.status;
  if (draft.before == nullptr && !status.contains("stage")) status["stage"] = text_or(spec, "stage", "None");
  if (draft.before != nullptr && spec.contains("stage") && spec["stage"] != member(draft.before->status, "stage")) {
    return fail(ErrorCode::conflict, "the stage of a model version is not changed by an update", "/stage",
                "put a label on the version, or use MLflow's transition_model_version_stage");
  }
  spec.erase("stage");
  return {};
}

Result<void> check(const CheckContext& context, Draft& draft, const ModelInspector* inspector) {
  if (draft.before != nullptr || inspector == nullptr) return {};  // a version never changes
  if (is_prompt(draft.resource.tags)) {
    draft.resource.spec["type"] = "custom_model";
    return {};
  }
  return inspector->inspect(context, draft);
}

}  // namespace

Result<void> check_model_name(std::string_view name) {
  const auto is_bad = [](char c) {
    return c == '/' || c == ':' || c == '@' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  };
  if (trim(name).empty()) return fail(ErrorCode::invalid, "Registered model name cannot be empty", "/name");
  if (name.size() > 255) return fail(ErrorCode::invalid, "Registered model name is longer than 255 bytes", "/name");
  if (std::ranges::any_of(name, is_bad) || name == "." || name == "..") {
    return fail(ErrorCode::invalid, fmt::format("Invalid model name: '{}'", name), "/name",
                "a model's name has no '/', ':' and '@'");
  }
  return {};
}

bool is_prompt(const Json& tags) {
  return iequals(text_or(tags, prompt_tag), "true");
}

resources::Kind model_kind(const ModelInspector* inspector) {
  resources::Kind kind;
  kind.name = "model";
  kind.plural = "models";
  kind.title = "model";
  kind.versioning = resources::Versioning::versions;
  kind.mutability = resources::Mutability::asset;
  kind.component = "workspace";
  kind.schema = schemas::model;
  kind.local_fields = {{.pointer = "/path", .action = resources::LocalField::upload, .kind = {}}};
  kind.columns = {{"NAME", "name"},
                  {"VERSION", "version"},
                  {"TYPE", "type"},
                  {"STAGE", "stage"},
                  {"LABELS", "join(', ', labels || `[]`)"},
                  {"CREATED", "creation_context.created_at"}};
  kind.event_data = [](const resources::Resource& model) -> Json {
    return {{"path", text_or(model.spec, "path")}, {"description", text_or(model.spec, "description")}};
  };
  kind.check_name = check_model_name;
  kind.normalise = normalise;
  kind.check = [inspector](const CheckContext& context, Draft& draft) { return check(context, draft, inspector); };
  return kind;
}

}  // namespace ciclo::registry
