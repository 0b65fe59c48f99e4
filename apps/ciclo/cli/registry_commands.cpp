// Stages of model versions, and webhooks.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/resource_path.hpp"

namespace ciclo::cli {
namespace {

constexpr std::size_t most_secret_bytes = 1000;
const Option name_option = {{"name", "n"}, Takes::one, "Its name."};
const Option id_option = {{"id"}, Takes::one, "The webhook's id."};

const std::vector<resources::Column>& webhook_columns() {
  static const std::vector<resources::Column> columns{{"ID", "webhook_id"},
                                                      {"NAME", "name"},
                                                      {"STATUS", "status"},
                                                      {"EVENTS", "join(', ', events[*].join('.', [entity, action]))"},
                                                      {"URL", "url"}};
  return columns;
}

Result<int> run_stage(Context& context) {
  const resources::Kind& kind = needed_kind(context, "model");
  CICLO_TRY(std::ignore, context.options.needed("version"));
  CICLO_TRY(const std::string stage, context.options.needed("stage"));
  CICLO_TRY(const std::string path, item_path(context, kind));
  const Json body{{"stage", stage}, {"archive_others", context.options.has("archive-others")}};
  return print_answer(context, context.session.call(http::Method::post, path + "/stage", body), kind.columns);
}

// MLflow's endpoints of the workspace, and one webhook below them.
Result<std::string> webhooks_path(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return workspace.substr(std::string_view("/api/v1").size()) + "/api/2.0/mlflow/webhooks";
}
Result<std::string> webhook_path(Context& context) {
  CICLO_TRY(const std::string path, webhooks_path(context));
  CICLO_TRY(const std::string id, context.options.needed("id"));
  return path + "/" + http::percent_encode(id);
}

Result<Json> webhook_body(const Context& context) {
  Json body = Json::object();
  for (const char* field : {"name", "url", "description"})
    if (const auto value = context.options.find(field)) body[field] = *value;
  if (const auto status = context.options.find("status")) body["status"] = to_upper(*status);
  for (const std::string& event : context.options.all("events"))
    for (const std::string& one : split(event, ','))
      if (!one.empty()) body["events"].push_back(one);
  if (const auto file = context.options.find("secret-file")) {
    CICLO_TRY(std::string secret, read_text_file(*file, most_secret_bytes));
    body["secret"] = std::string(trim(secret));
  }
  return body;
}

Result<int> print_webhook(Context& context, const Result<Json>& answer) {
  if (!answer) return Failure(answer.error());
  return print_answer(context, member(*answer, "webhook"), webhook_columns());
}

Result<int> run_create(Context& context) {
  CICLO_TRY(const std::string path, webhooks_path(context));
  CICLO_TRY(const Json body, webhook_body(context));
  return print_webhook(context, context.session.call(http::Method::post, path, body));
}

Result<int> run_update(Context& context) {
  CICLO_TRY(const std::string path, webhook_path(context));
  CICLO_TRY(const Json body, webhook_body(context));
  return print_webhook(context, context.session.call(http::Method::patch, path, body));
}

Result<int> run_show(Context& context) {
  CICLO_TRY(const std::string path, webhook_path(context));
  return print_webhook(context, context.session.get(path));
}

Result<int> run_list(Context& context) {
  CICLO_TRY(const std::string path, webhooks_path(context));
  Json all = Json::array();
  std::string token;
  do {
    CICLO_TRY(const Json page, context.session.get(path + "?max_results=1000&page_token=" + token));
    for (const Json& webhook : member(page, "webhooks")) all.push_back(webhook);
    token = http::percent_encode(text_or(page, "next_page_token"));
  } while (!token.empty());
  return print_answer(context, all, webhook_columns());
}

Result<int> run_delete(Context& context) {
  CICLO_TRY(const std::string path, webhook_path(context));
  CICLO_CHECK(context.session.call(http::Method::del, path));
  return 0;
}

// Fails when the receiver did not take it.
Result<int> run_test(Context& context) {
  CICLO_TRY(const std::string path, webhook_path(context));
  Json body = Json::object();
  if (const auto event = context.options.find("event")) body["event"] = *event;
  CICLO_TRY(const Json answer, context.session.call(http::Method::post, path + "/test", body));
  const Json& result = member(answer, "result");
  CICLO_CHECK(
      context.print(result, {{"SUCCESS", "success"}, {"STATUS", "response_status"}, {"ERROR", "error_message"}}));
  return member(result, "success") == true ? 0 : 1;
}

Result<int> run_deliveries(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string id, context.options.needed("id"));
  CICLO_TRY(const Json answer,
            context.session.get(fmt::format("{}/webhooks/{}/deliveries", workspace, http::percent_encode(id))));
  return print_answer(
      context, member(answer, "value"),
      {{"TIME", "created_at"}, {"EVENT", "event"}, {"STATE", "state"}, {"ATTEMPTS", "attempts"}, {"REASON", "reason"}});
}

}  // namespace

std::vector<Command> registry_commands() {
  const std::vector<Option> fields{
      name_option,
      {{"url"}, Takes::one, "Where it is told: an http or https address."},
      {{"events"}, Takes::several, "What it is told of, such as model_version.created."},
      {{"description"}, Takes::one, "What it is for."},
      {{"secret-file"}, Takes::one, "A file with the secret that requests are signed with."},
      {{"status"}, Takes::one, "active or disabled."}};
  std::vector<Option> changes = fields;
  changes.push_back(id_option);
  return {{"model",
           "stage",
           "Move a model version to a stage.",
           {name_option,
            {{"version", "v"}, Takes::one, "Its version."},
            {{"stage"}, Takes::one, "None, Staging, Production or Archived."},
            {{"archive-others"}, Takes::nothing, "Archive the versions that are in that stage now."}},
           run_stage},
          {"webhook", "create", "Have an address told what happens to models.", fields, run_create},
          {"webhook", "list", "List webhooks.", {}, run_list},
          {"webhook", "show", "Show a webhook.", {id_option}, run_show},
          {"webhook", "update", "Change a webhook.", changes, run_update},
          {"webhook", "delete", "Delete a webhook.", {id_option}, run_delete},
          {"webhook",
           "test",
           "Send an example to a webhook.",
           {id_option, {{"event"}, Takes::one, "Which event (default: the first that it listens to)."}},
           run_test},
          {"webhook", "deliveries", "List what was sent to a webhook, newest first.", {id_option}, run_deliveries}};
}

}  // namespace ciclo::cli
