#include "outer_loop/gates/kinds.hpp"

#include <fmt/format.h>

#include "outer_loop/endpoints/sources.hpp"
#include "outer_loop/gates/state.hpp"
#include "schemas.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::CheckContext;
using resources::Draft;
using resources::Resource;
using resources::ResourceKey;

Result<void> normalise(Draft& draft) {
  Json& spec = draft.resource.spec;
  for (const char* key : {"description", "properties", "gate", "approvers_required", "expires"})
    if (member(spec, key).is_null()) spec.erase(key);
  std::size_t index = 0;
  for (const Json& check : member(member(spec, "gate"), "checks")) {
    const std::string target = fmt::format("/gate/checks/{}", index++);
    const std::string type = text_or(check, "type");
    if (type == "metric" && !check.contains("name"))
      return fail(ErrorCode::invalid, "a check of a metric names it", target, "add 'name: accuracy'");
    if (type == "metric" && !check.contains("minimum") && !check.contains("maximum") && !check.contains("compare")) {
      return fail(ErrorCode::invalid, "the check says nothing about the metric", target,
                  "add minimum, maximum or 'compare: champion'");
    }
    if (type == "latency" && !check.contains("p95_ms"))
      return fail(ErrorCode::invalid, "a check of the latency has a bound", target, "add 'p95_ms: 50'");
  }
  return {};
}

std::string subject_text(const Json& subject) {
  if (subject.is_string()) return subject.get<std::string>();
  const Json& version = member(subject, "version");
  const std::string number = version.is_string() ? version.get<std::string>()
                             : version.is_null() ? ""
                                                 : to_text(version);
  return fmt::format("azureml://registries/{}/models/{}/{}/{}", text_or(subject, "workspace"), text_or(subject, "name"),
                     number.empty() ? "labels" : "versions", number.empty() ? "latest" : number);
}

Result<Resource> find_subject(const CheckContext& context, const Resource& approval) {
  CICLO_TRY(const Resource model,
            find_model(context, {approval.key.workspace, subject_text(member(approval.spec, "subject"))}));
  if (model.key.workspace == approval.key.workspace) {
    return fail(ErrorCode::invalid, "the model version is in this workspace already", "/subject",
                "make the approval in the workspace that it is to come to");
  }
  CICLO_CHECK(resources::require(context.access, context.caller, "storage/read", model.key.workspace));
  return model;
}

Result<void> check(const CheckContext& context, Draft& draft) {
  Resource& approval = draft.resource;
  auto model = find_subject(context, approval);
  if (!model) {
    if (!model.error().target.starts_with("/subject")) model.error().target = "/subject";
    return Failure(std::move(model).error());
  }
  CICLO_TRY(const TimePoint expires, expiry_of(text_or(approval.spec, "expires"), context.now));
  const Json& required = member(approval.spec, "approvers_required");
  approval.status = {
      {"state", name_of(ApprovalState::checking)},
      {"subject_model",
       {{"workspace", model->key.workspace}, {"name", model->key.name}, {"version", model->key.version}}},
      {"requested_by", context.caller.principal},
      {"model_created_by", model->created_by},
      {"approvers_required", required.is_number_integer() ? required : Json(1)},
      {"expires_at", format_rfc3339(expires)},
      {"checks", Json::array()},
      {"approvals", Json::array()}};
  draft.links.push_back({.from = model->key.path(), .to = approval.key.path(), .relation = "input"});
  return {};
}

}  // namespace

ResourceKey approval_key(const std::string& workspace, const std::string& name) {
  return {.workspace = workspace, .kind = "approval", .parent = {}, .name = name, .version = {}};
}

ResourceKey subject_of(const Resource& approval) {
  const Json& model = member(approval.status, "subject_model");
  return {.workspace = text_or(model, "workspace"),
          .kind = "model",
          .parent = {},
          .name = text_or(model, "name"),
          .version = text_or(model, "version")};
}

int approvers_required(const Resource& approval) {
  const Json& number = member(approval.status, "approvers_required");
  return number.is_number_integer() ? number.get<int>() : 1;
}

resources::Kind approval_kind() {
  resources::Kind kind;
  kind.name = "approval";
  kind.plural = "approvals";
  kind.title = "approval";
  kind.component = "automation";
  kind.schema = schemas::approval;
  kind.generates_name = true;
  kind.can_update = false;
  kind.can_delete = false;  // it is the record of who decided
  kind.columns = {{"NAME", "name"},
                  {"MODEL", "join(':', [subject_model.name, subject_model.version])"},
                  {"FROM", "subject_model.workspace"},
                  {"STATE", "state"},
                  {"PROMOTED", "promoted"}};
  kind.normalise = normalise;
  kind.check = check;
  kind.view = [](const Resource& approval) {
    static const resources::Kind plain = approval_kind();
    Json out = resources::default_view(plain, approval);
    out.erase("copy");
    return out;
  };
  return kind;
}

}  // namespace ciclo::outer_loop
