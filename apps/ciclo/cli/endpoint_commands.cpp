// What endpoints and deployments can do beyond the common verbs.
#include <fmt/format.h>

#include <iostream>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/resource_path.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The endpoint's name."};
const Option principal_option = {{"principal", "p"}, Takes::one, "Whose: a person or a service."};
const Option group_option = {{"group"}, Takes::one, "Whose, instead: a group."};

Result<std::string> endpoint_path(Context& context) {
  return item_path(context, needed_kind(context, "online-endpoint"));
}

// "15m", "2h", "90s", "3600" (seconds), or an ISO 8601 duration ("PT15M"); in whole seconds.
Result<std::int64_t> seconds_of(const std::string& text) {
  std::int64_t factor = 1;
  std::string_view number = text;
  if (!number.empty()) {
    const char unit = number.back();
    if (unit == 'm') factor = 60;
    if (unit == 'h') factor = 3600;
    if (unit == 's' || unit == 'm' || unit == 'h') number.remove_suffix(1);
  }
  if (const auto count = parse_int(number); count && *count > 0 && *count <= 86'400) return *count * factor;
  if (const auto duration = parse_duration(text)) return std::chrono::floor<std::chrono::seconds>(*duration).count();
  return fail(ErrorCode::invalid, fmt::format("'{}' is no length of time", text.substr(0, 40)), "--expires-in",
              "for example 15m, 2h, 90s or PT15M");
}

Result<Json> get_token(Context& context, const std::string& path) {
  Json body = Json::object();
  if (const auto life = context.options.find("expires-in")) {
    CICLO_TRY(body["expires_in_s"], seconds_of(*life));
  }
  return context.session.call(http::Method::post, path + "/token", body);
}

// A token of the caller's own; where the caller may not have one, the key.
Result<std::string> secret_for(Context& context, const std::string& path) {
  const auto token = get_token(context, path);
  if (token) return text_or(*token, "accessToken");
  if (token.error().code != ErrorCode::denied) return Failure(token.error());
  const auto keys = context.session.get(path + "/keys");
  if (keys) return text_or(*keys, "primaryKey");
  return Failure(token.error());
}

// The request goes straight to the endpoint, as any of its users' would.
Result<int> run_invoke(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  CICLO_TRY(const Json endpoint, context.session.get(path));
  CICLO_TRY(const std::string file, context.options.needed("request-file"));
  CICLO_TRY(const std::string body, read_text_file(file, 64U << 20U));
  const std::string uri = text_or(endpoint, "scoring_uri");
  if (uri.empty())
    return fail(ErrorCode::conflict, fmt::format("the endpoint '{}' serves nothing yet", text_or(endpoint, "name")), {},
                "create a deployment: ciclo online-deployment create --all-traffic …");
  CICLO_TRY(const std::string secret, secret_for(context, path));
  http::Client client({.timeout = std::chrono::minutes(2)});
  http::ClientRequest request{.method = http::Method::post, .url = uri, .body = body};
  request.headers.set("content-type", "application/json");
  request.headers.set("authorization", "Bearer " + secret);
  if (const auto deployment = context.options.find("deployment-name"))
    request.headers.set("azureml-model-deployment", *deployment);
  CICLO_TRY(const auto response, client.send(request));
  if (response.status >= 400) {
    Error error = error_of(response);
    error.add_context(fmt::format("the endpoint answered {}", response.status));
    return Failure(std::move(error));
  }
  const auto json = parse_json(response.body);
  if (!json) {
    std::cout << response.body << "\n";
    return 0;
  }
  // An answer of scores is one line, as it came; --query and -o reshape it.
  if (!context.output.query && context.output.format == Format::json) std::cout << to_text(*json) << "\n";
  else CICLO_CHECK(context.print(*json));
  return 0;
}

Result<int> run_credentials(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  const bool wants_token = context.options.has("token") || context.options.has("expires-in");
  const auto endpoint = wants_token ? Result<Json>(Json()) : context.session.get(path);
  if (!endpoint) return Failure(endpoint.error());
  const bool has_keys = text_or(*endpoint, "auth_mode", "key") == "key";
  auto credentials = wants_token || !has_keys ? get_token(context, path) : context.session.get(path + "/keys");
  if (!credentials && credentials.error().code == ErrorCode::denied && !wants_token && has_keys) {
    Error error = std::move(credentials).error();
    error.hint = "a token may do: ciclo online-endpoint get-credentials --token";
    return Failure(std::move(error));
  }
  if (!credentials) return Failure(std::move(credentials).error());
  CICLO_CHECK(context.print(*credentials));
  return 0;
}

Result<int> run_regenerate(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  const bool ends_tokens = context.options.has("end-tokens");
  Json body = {{"key_type", context.options.find("key-type").value_or(ends_tokens ? "token" : "primary")}};
  if (ends_tokens) body["end_tokens"] = true;
  CICLO_CHECK(context.session.call(http::Method::post, path + "/regenerate-keys", body));
  return 0;
}

// Grants are role assignments of one role, endpoint-user, on one resource.
constexpr std::string_view grant_role = "endpoint-user";

Result<std::string> endpoint_subject(Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return "online-endpoint/" + name;
}

// {"principal"} or {"group"}, as the server takes it.
Result<Json> holder_named(Context& context) {
  if (const auto group = context.options.find("group")) return Json{{"group", *group}};
  CICLO_TRY(const std::string principal, context.options.needed("principal"));
  return Json{{"principal", principal}};
}

Result<Json> grants_of(Context& context, const std::string& subject) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const Json all, context.session.get(workspace + "/role-assignments"));
  Json here = Json::array();
  for (const Json& assignment : member(all, "value"))
    if (text_or(assignment, "resource") == subject) here.push_back(assignment);
  return here;
}

Result<int> run_grant(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string subject, endpoint_subject(context));
  CICLO_TRY(Json body, holder_named(context));
  // A grant on a name with a mistake in it would open nothing, and nobody would notice.
  CICLO_TRY(const std::string path, endpoint_path(context));
  CICLO_CHECK(context.session.get(path));
  body["role"] = grant_role;
  body["resource"] = subject;
  if (const auto end = context.options.find("expires-at")) body["expires_at"] = *end;
  CICLO_TRY(const Json made, context.session.call(http::Method::post, workspace + "/role-assignments", body));
  CICLO_CHECK(context.print(made));
  return 0;
}

Result<int> run_revoke(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string subject, endpoint_subject(context));
  CICLO_TRY(const Json named, holder_named(context));
  const std::string holder = named.contains("group") ? "group:" + text_or(named, "group") : text_or(named, "principal");
  CICLO_TRY(const Json grants, grants_of(context, subject));
  bool found = false;
  for (const Json& grant : grants) {
    if (text_or(grant, "principal") != holder || text_or(grant, "role") != grant_role) continue;
    found = true;
    CICLO_CHECK(context.session.call(http::Method::del, fmt::format("{}/role-assignments/{}", workspace,
                                                                    http::percent_encode(text_or(grant, "id")))));
  }
  if (found) return 0;
  return fail(ErrorCode::not_found, fmt::format("'{}' has no grant on {}", holder, subject), {},
              "list them: ciclo online-endpoint grants");
}

Result<int> run_grants(Context& context) {
  CICLO_TRY(const std::string subject, endpoint_subject(context));
  CICLO_TRY(const Json here, grants_of(context, subject));
  CICLO_CHECK(context.print(here, {{"HOLDER", "principal"},
                                   {"ROLE", "role"},
                                   {"UNTIL", "expires_at"},
                                   {"GIVEN BY", "created_by"},
                                   {"GIVEN AT", "created_at"}}));
  return 0;
}

Result<int> run_logs(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "online-deployment")));
  CICLO_TRY(const auto response,
            context.session.raw({.method = http::Method::get,
                                 .url = context.session.url(fmt::format(
                                     "{}/logs?lines={}", path, context.options.find("lines").value_or("100")))}));
  if (response.status >= 400) return Failure(error_of(response));
  std::cout << response.body;
  return 0;
}

}  // namespace

std::vector<Command> endpoint_commands() {
  std::vector<Command> commands = {
      {"online-endpoint",
       "invoke",
       "Send a request to an endpoint and print its answer.",
       {name_option,
        {{"request-file", "r"}, Takes::one, "The file with the request's JSON body."},
        {{"deployment-name", "d"}, Takes::one, "Ask this deployment, whatever its share of the traffic."}},
       run_invoke},
      {"online-endpoint",
       "get-credentials",
       "Show an endpoint's keys, or a token for it where it takes tokens alone.",
       {name_option,
        {{"token"}, Takes::nothing, "A token also where there are keys."},
        {{"expires-in"}, Takes::one, "How long the token is good: 15m, 2h (default 1h, at most 24h)."}},
       run_credentials},
      {"online-endpoint",
       "regenerate-keys",
       "Replace an endpoint's key; the others stay good.",
       {name_option,
        {{"key-type"}, Takes::one, "primary, secondary, or token: what tokens are signed with (default primary)."},
        {{"end-tokens"}, Takes::nothing, "A new key for tokens, and all tokens that are out end."}},
       run_regenerate},
      {"online-endpoint",
       "grant",
       "Let somebody use this endpoint, and nothing else.",
       {name_option, principal_option, group_option, {{"expires-at"}, Takes::one, "Until when (RFC 3339)."}},
       run_grant},
      {"online-endpoint",
       "revoke",
       "Take a grant on this endpoint away; its holder's tokens end too.",
       {name_option, principal_option, group_option},
       run_revoke},
      {"online-endpoint", "grants", "List the grants on this endpoint.", {name_option}, run_grants},
      {"online-deployment",
       "get-logs",
       "Show a deployment's last log lines.",
       {{{"name", "n"}, Takes::one, "The deployment's name."},
        {{"endpoint-name", "e"}, Takes::one, "The endpoint it belongs to."},
        {{"lines", "l"}, Takes::one, "How many lines (default 100)."}},
       run_logs}};
  // The same under the short name: ciclo endpoint grant.
  const std::vector<Command> written = commands;
  for (Command command : written) {
    if (command.group != "online-endpoint") continue;
    command.group = "endpoint";
    commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace ciclo::cli
