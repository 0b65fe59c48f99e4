#include "outer_loop/webhooks/payload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "registry/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::string_view prompt_text_tag = "mlflow.prompt.text";
constexpr std::string_view prompt_type_tag = "_mlflow_prompt_type";

Json text_or_null(const Json& object, std::string_view key) {
  std::string text = text_or(object, key);
  return text.empty() ? Json(nullptr) : Json(std::move(text));
}

// Without those that make it a prompt.
Json prompt_tags(const Json& tags) {
  Json plain = tags.is_object() ? tags : Json::object();
  for (const std::string_view key : {registry::prompt_tag, prompt_type_tag, prompt_text_tag})
    plain.erase(std::string(key));
  return plain;
}

WebhookMessage model_created(const Json& data, bool is_prompt) {
  const Json& tags = member(data, "tags");
  return {.event = {is_prompt ? "prompt" : "registered_model", "created"},
          .data = {{"name", text_or(data, "name")},
                   {"tags", is_prompt          ? prompt_tags(tags)
                            : tags.is_object() ? tags
                                               : Json::object()},
                   {"description", text_or_null(data, "description")}}};
}

std::vector<WebhookMessage> version_created(const Json& data) {
  const Json& tags = member(data, "tags");
  const bool is_prompt = registry::is_prompt(tags);
  std::vector<WebhookMessage> messages;
  // The name came with its first version, without tags of its own.
  if (member(data, "is_first_version") == true)
    messages.push_back(model_created({{"name", text_or(data, "name")}}, is_prompt));
  WebhookMessage message{.event = {is_prompt ? "prompt_version" : "model_version", "created"},
                         .data = {{"name", text_or(data, "name")},
                                  {"version", text_or(data, "version")},
                                  {"description", text_or_null(data, "description")}}};
  if (is_prompt) {
    message.data["template"] = text_or_null(tags, prompt_text_tag);
    message.data["tags"] = prompt_tags(tags);
  } else {
    message.data["source"] = text_or(data, "path");
    message.data["run_id"] = text_or_null(member(data, "status"), "run_id");
    message.data["tags"] = tags.is_object() ? tags : Json::object();
  }
  messages.push_back(std::move(message));
  return messages;
}

std::vector<WebhookMessage> tags_changed(const Json& data, bool is_prompt) {
  const std::string version = text_or(data, "version");
  if (version.empty() && !is_prompt) return {};  // MLflow tells nothing of tags of a registered model
  const std::string entity = version.empty() ? "prompt_tag" : is_prompt ? "prompt_version_tag" : "model_version_tag";
  std::vector<WebhookMessage> messages;
  for (const auto& [key, value] : member(data, "changed_tags").items()) {
    WebhookMessage message{.event = {entity, value.is_null() ? "deleted" : "set"},
                           .data = {{"name", text_or(data, "name")}, {"key", key}}};
    if (!version.empty()) message.data["version"] = version;
    if (!value.is_null()) message.data["value"] = value.is_string() ? value : Json(to_text(value));
    messages.push_back(std::move(message));
  }
  return messages;
}

WebhookMessage alias_changed(const Json& data, bool is_prompt, bool is_set) {
  WebhookMessage message{.event = {is_prompt ? "prompt_alias" : "model_version_alias", is_set ? "created" : "deleted"},
                         .data = {{"name", text_or(data, "name")}, {"alias", text_or(data, "label")}}};
  if (is_set) message.data["version"] = text_or(data, "version");
  return message;
}

}  // namespace

std::vector<WebhookMessage> messages_of(const events::Event& event, bool is_prompt) {
  const Json& data = event.data;
  if (event.type == "ciclo.model.registered") return {model_created(data, registry::is_prompt(member(data, "tags")))};
  if (event.type == "ciclo.model.created") return version_created(data);
  if (event.type == "ciclo.model.updated")
    return tags_changed(data, is_prompt || registry::is_prompt(member(data, "tags")));
  if (event.type == "ciclo.model.labelled") return {alias_changed(data, is_prompt, true)};
  if (event.type == "ciclo.model.unlabelled") return {alias_changed(data, is_prompt, false)};
  return {};
}

std::string body_of(const WebhookMessage& message, const Telling& telling) {
  return to_text({{"entity", message.event.entity},
                  {"action", message.event.action},
                  {"timestamp", format_rfc3339(telling.time)},
                  {"data", message.data},
                  {"workspace", telling.workspace}});
}

WebhookMessage example_of(const WebhookEvent& event) {
  const bool is_prompt = event.entity.starts_with("prompt");
  const std::string noun = is_prompt ? "prompt" : "model";
  const auto is_entity = [&](std::string_view end) { return event.entity.ends_with(end); };
  Json data{{"name", "example_" + noun}};
  if (event.entity == "budget_policy") {
    data = {{"budget_policy_id", "bp-abc123"}, {"budget_unit", "USD"},      {"budget_amount", 100.0},
            {"current_spend", 105.5},          {"duration_unit", "MONTHS"}, {"duration_value", 1},
            {"target_scope", "ENDPOINT"},      {"workspace", "default"},    {"target_value", "ep-abc123"},
            {"window_start", 1704067200000}};
  } else if (is_entity("_alias")) {
    data["alias"] = "example_alias";
    if (event.action == "created") data["version"] = "1";
  } else if (is_entity("_tag")) {
    data["key"] = "example_key";
    if (event.action == "set") data["value"] = "example_value";
    if (event.entity != "prompt_tag") data["version"] = "1";
  } else {
    data["tags"] = {{"example_key", "example_value"}};
    data["description"] = is_entity("_version") ? fmt::format("An example {} version", noun)
                          : is_prompt           ? "An example prompt"
                                                : "An example registered model";
    if (is_entity("_version")) data["version"] = "1";
    if (event.entity == "prompt_version") data["template"] = "Hello {{name}}!";
    if (event.entity == "model_version") data.update({{"source", "models:/123"}, {"run_id", "abcd1234abcd5678"}});
  }
  return {.event = event, .data = std::move(data)};
}

std::string signature_of(std::string_view secret, const SignedContent& content) {
  const std::string text = fmt::format("{}.{}.{}", content.delivery_id, content.timestamp, content.body);
  return "v1," + encode_base64(hmac_sha256(secret, text));
}

}  // namespace ciclo::outer_loop
