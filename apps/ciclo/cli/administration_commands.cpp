// People, services and their tokens.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The user's name."};

Result<std::string> user_path(const Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return "/api/v1/users/" + http::percent_encode(name);
}

const std::vector<resources::Column> user_columns = {
    {"NAME", "name"}, {"DISPLAY NAME", "display_name"}, {"KIND", "kind"}, {"DISABLED", "disabled"}};
const std::vector<resources::Column> token_columns = {{"ID", "id"},
                                                      {"PURPOSE", "purpose"},
                                                      {"WORKSPACE", "workspace"},
                                                      {"ACTIONS", "join(', ', actions || `[]`)"},
                                                      {"EXPIRES", "expires_at || 'never'"},
                                                      {"LAST USED", "last_used_at || 'never'"}};

Result<int> create_user(Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return print_answer(context,
                      context.session.call(http::Method::post, "/api/v1/users",
                                           {{"name", name},
                                            {"display_name", context.options.text("display-name")},
                                            {"kind", context.options.find("kind").value_or("person")}}),
                      user_columns);
}

Result<int> set_disabled(Context& context, bool disabled) {
  CICLO_TRY(const std::string path, user_path(context));
  return print_answer(context, context.session.call(http::Method::patch, path, {{"disabled", disabled}}), user_columns);
}

Result<int> delete_user(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  return print_answer(context, context.session.call(http::Method::del, path), {});
}

Result<int> create_token(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  Json body = {{"purpose", context.options.find("purpose").value_or("personal")}};
  if (const auto expires = context.options.find("expires-at")) body["expires_at"] = *expires;
  if (const auto life = context.options.find("expires-in")) body["expires_in"] = *life;
  if (const auto workspace = context.options.find("only-workspace")) body["workspace"] = *workspace;
  for (const std::string& pattern : context.options.all("only-actions")) body["actions"].push_back(pattern);
  return print_answer(context, context.session.call(http::Method::post, path + "/tokens", body), {});
}

Result<int> list_tokens(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  return print_answer(context, context.session.get(path + "/tokens"), token_columns);
}

Result<int> delete_token(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_TRY(const std::string id, context.options.needed("id"));
  return print_answer(context, context.session.call(http::Method::del, path + "/tokens/" + http::percent_encode(id)),
                      {});
}

}  // namespace

std::vector<Command> administration_commands() {
  return {
      {"user",
       "create",
       "Create a person or a service.",
       {name_option,
        {{"display-name"}, Takes::one, "The name that people see."},
        {{"kind"}, Takes::one, "person (default) or service."}},
       create_user},
      {"user",
       "list",
       "List people, services and managed identities.",
       {},
       [](Context& context) { return print_answer(context, context.session.get("/api/v1/users"), user_columns); }},
      {"user",
       "show",
       "Show a person or a service.",
       {name_option},
       [](Context& context) -> Result<int> {
         CICLO_TRY(const std::string path, user_path(context));
         return print_answer(context, context.session.get(path), user_columns);
       }},
      {"user",
       "disable",
       "Keep somebody out; all tokens of theirs are refused.",
       {name_option},
       [](Context& context) { return set_disabled(context, true); }},
      {"user",
       "enable",
       "Let somebody in again.",
       {name_option},
       [](Context& context) { return set_disabled(context, false); }},
      {"user",
       "delete",
       "Delete a user and end all tokens of theirs.",
       {name_option, {{"yes", "y"}, Takes::nothing, "Do not ask."}},
       delete_user},
      {"user token",
       "create",
       "Create a token; its secret is shown this once.",
       {name_option,
        {{"purpose"}, Takes::one, "What it is for."},
        {{"expires-in"}, Takes::one, "How long it is good, such as 12h or 30d (default 90d)."},
        {{"expires-at"}, Takes::one, "When it ends, such as 2030-01-31T00:00:00Z; or never."},
        {{"only-actions"}, Takes::several, "Good for these actions alone, such as */read storage/write."},
        {{"only-workspace"}, Takes::one, "Good in this workspace alone."}},
       create_token},
      {"user token", "list", "List a user's tokens.", {name_option}, list_tokens},
      {"user token", "delete", "End a token.", {name_option, {{"id"}, Takes::one, "The token's id."}}, delete_token}};
}

}  // namespace ciclo::cli
