// Users, tokens and roles.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The user's name."};
const Option principal_option = {{"principal", "p"}, Takes::one, "The user."};
const Option role_option = {{"role", "r"}, Takes::one, "reader, contributor or owner."};

Result<std::string> user_path(const Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return "/api/v1/users/" + http::percent_encode(name);
}

Result<int> print(Context& context, const Result<Json>& answer, const std::vector<resources::Column>& columns) {
  if (!answer) return Failure(answer.error());
  if (answer->is_null()) return 0;
  CICLO_CHECK(context.print(answer->is_object() && answer->contains("value") ? (*answer)["value"] : *answer, columns));
  return 0;
}

Result<int> create_user(Context& context) {
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return print(context,
               context.session.call(http::Method::post, "/api/v1/users",
                                    {{"name", name}, {"display_name", context.options.text("display-name")}}),
               {});
}

Result<int> delete_user(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  return print(context, context.session.call(http::Method::del, path), {});
}

Result<int> create_token(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  Json body = {{"purpose", context.options.find("purpose").value_or("personal")}};
  if (const auto expires = context.options.find("expires-at")) body["expires_at"] = *expires;
  if (const auto workspace = context.options.find("only-workspace")) body["workspace"] = *workspace;
  return print(context, context.session.call(http::Method::post, path + "/tokens", body), {});
}

Result<int> list_tokens(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  return print(context, context.session.get(path + "/tokens"), {});
}

Result<int> delete_token(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_TRY(const std::string id, context.options.needed("id"));
  return print(context, context.session.call(http::Method::del, path + "/tokens/" + http::percent_encode(id)), {});
}

Result<int> grant(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string principal, context.options.needed("principal"));
  CICLO_TRY(const std::string role, context.options.needed("role"));
  return print(context,
               context.session.call(http::Method::post, workspace + "/role-assignments",
                                    {{"principal", principal}, {"role", role}}),
               {});
}

Result<int> withdraw(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string principal, context.options.needed("principal"));
  CICLO_TRY(const std::string role, context.options.needed("role"));
  return print(
      context,
      context.session.call(http::Method::del, fmt::format("{}/role-assignments/{}/{}", workspace,
                                                          http::percent_encode(principal), http::percent_encode(role))),
      {});
}

Result<int> list_members(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return print(context, context.session.get(workspace + "/role-assignments"),
               {{"PRINCIPAL", "principal"}, {"ROLE", "role"}});
}

}  // namespace

std::vector<Command> administration_commands() {
  return {
      {"user",
       "create",
       "Create a user.",
       {name_option, {{"display-name"}, Takes::one, "The name that people see."}},
       create_user},
      {"user",
       "list",
       "List the users.",
       {},
       [](Context& context) { return print(context, context.session.get("/api/v1/users"), {}); }},
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
        {{"expires-at"}, Takes::one, "When it ends, such as 2030-01-31T00:00:00Z."},
        {{"only-workspace"}, Takes::one, "Good in this workspace alone."}},
       create_token},
      {"user token", "list", "List a user's tokens.", {name_option}, list_tokens},
      {"user token", "delete", "End a token.", {name_option, {{"id"}, Takes::one, "The token's id."}}, delete_token},
      {"workspace", "grant", "Give somebody a role in the workspace.", {principal_option, role_option}, grant},
      {"workspace", "withdraw", "Take a role away.", {principal_option, role_option}, withdraw},
      {"workspace", "members", "List who has which role.", {}, list_members}};
}

}  // namespace ciclo::cli
