#include "outer_loop/triggers/actions.hpp"

#include <fmt/format.h>

#include "outer_loop/triggers/event_template.hpp"
#include "outer_loop/triggers/job_document.hpp"
#include "resources/reference.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::CreateRequest;
using resources::Resource;
using resources::ResourceKey;

constexpr std::size_t kMaxNameLength = 200;

// The same event always gives the same name.
std::string made_name(const ActionRequest& request) {
  return fmt::format("{}-{}", request.trigger.key.name.substr(0, kMaxNameLength), request.event.sequence);
}

resources::Link triggered(const ActionRequest& request, const Resource& made) {
  return {request.trigger.key.path(), made.key.path(), "triggered_by"};
}

Json named(const Resource& resource) {
  return {{"kind", resource.key.kind}, {"name", resource.key.name}};
}

Result<ActionResult> create_job(sql::Session& session, const ActionRequest& request) {
  const Json& settings = request.definition.settings;
  const JobSource source{session, request.service.parts().store, request.trigger.key.workspace,
                         request.trigger.key.name};
  CICLO_TRY(Json document, job_document(source, member(settings, "job")));
  override_job(document, {{"inputs", member(settings, "inputs")}});
  CICLO_CHECK(set_by_path(document, member(settings, "set")));
  CICLO_TRY(document, fill_template(document, request.event, TemplateUse::job));
  document["name"] = made_name(request);
  CICLO_TRY(const Resource job, request.service.create_in(session, request.caller,
                                                          {.workspace = request.trigger.key.workspace,
                                                           .kind = "job",
                                                           .parent = {},
                                                           .document = std::move(document),
                                                           .owner = {},
                                                           .links = {}}));
  return ActionResult{.result = named(job), .links = {triggered(request, job)}};
}

// The model version to promote, as a reference from any workspace.
Result<std::string> model_of(const ActionRequest& request) {
  const std::string wanted = text_or(request.definition.settings, "model");
  if (!wanted.empty()) {
    CICLO_TRY(const Json filled, fill_template(wanted, request.event, TemplateUse::text));
    return filled.is_string() ? filled.get<std::string>() : to_text(filled);
  }
  const Json& data = request.event.data;
  const std::string name = text_or(data, "name");
  const std::string version = text_or(data, "version");
  if (text_or(data, "kind") != "model" || name.empty() || version.empty()) {
    return fail(ErrorCode::invalid, "the event is about no model version", "/action/promote/model",
                "say which with model:, or listen to ciclo.model.created");
  }
  return fmt::format("azureml://registries/{}/models/{}/versions/{}", request.event.workspace, name, version);
}

Result<ActionResult> promote(sql::Session& session, const ActionRequest& request) {
  const Json& settings = request.definition.settings;
  Json document = {{"name", made_name(request)}};
  CICLO_TRY(document["subject"], model_of(request));
  for (const auto* key : {"gate", "approvers_required", "expires", "description"}) {
    if (const Json& value = member(settings, key); !value.is_null()) document[key] = value;
  }
  CICLO_TRY(const Resource approval, request.service.create_in(session, request.caller,
                                                               {.workspace = request.trigger.key.workspace,
                                                                .kind = "approval",
                                                                .parent = {},
                                                                .document = std::move(document),
                                                                .owner = {},
                                                                .links = {}}));
  return ActionResult{.result = named(approval), .links = {triggered(request, approval)}};
}

Result<ActionResult> update_traffic(sql::Session& session, const ActionRequest& request) {
  CICLO_TRY(const Json settings, fill_template(request.definition.settings, request.event, TemplateUse::text));
  const ResourceKey key{.workspace = request.trigger.key.workspace,
                        .kind = "online-endpoint",
                        .parent = {},
                        .name = text_or(settings, "endpoint"),
                        .version = {}};
  CICLO_TRY(const Resource endpoint, request.service.parts().store.get(session, key));
  Json document = {{"name", endpoint.key.name}};
  for (const auto& [name, value] : endpoint.spec.items()) document[name] = value;
  if (!endpoint.tags.empty()) document["tags"] = endpoint.tags;
  document["traffic"] = member(settings, "traffic");
  CICLO_TRY(const Resource changed, request.service.create_in(session, request.caller,
                                                              {.workspace = key.workspace,
                                                               .kind = key.kind,
                                                               .parent = {},
                                                               .document = std::move(document),
                                                               .owner = {},
                                                               .links = {},
                                                               .if_exists = CreateRequest::IfExists::update}));
  Json result = named(changed);
  result["traffic"] = member(settings, "traffic");
  return ActionResult{.result = std::move(result), .links = {}};
}

Result<ActionResult> notify(sql::Session& session, const ActionRequest& request) {
  CICLO_TRY(const Json settings, fill_template(request.definition.settings, request.event, TemplateUse::text));
  events::Event notification;
  notification.type = "ciclo.notification.raised";
  notification.workspace = request.trigger.key.workspace;
  notification.source = "/workspaces/" + notification.workspace;
  notification.subject = request.trigger.key.subject();
  notification.actor = request.caller.principal;
  notification.data = {{"message", member(settings, "message")},
                       {"emails", member(settings, "emails").is_null() ? Json::array() : member(settings, "emails")},
                       {"about", request.event.subject},
                       {"event_type", request.event.type},
                       {"event_id", request.event.id}};
  CICLO_CHECK(request.service.parts().events.append(session, std::move(notification)));
  return ActionResult{.result = {{"message", member(settings, "message")}}, .links = {}};
}

}  // namespace

Result<ActionResult> act(sql::Session& session, const ActionRequest& request) {
  switch (request.definition.action) {
    case ActionKind::create_job: return create_job(session, request);
    case ActionKind::promote: return promote(session, request);
    case ActionKind::update_traffic: return update_traffic(session, request);
    case ActionKind::notify: return notify(session, request);
    case ActionKind::webhook: break;
  }
  return ActionResult{.state = "pending", .result = {}, .links = {}};
}

}  // namespace ciclo::outer_loop
