// Which server, who and where by default; and the few az commands that scripts call around.
#include <fmt/format.h>

#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"

namespace ciclo::cli {
namespace {

Result<std::string> read_token(const Context& context) {
  if (const auto file = context.options.find("token-file")) {
    CICLO_TRY(const std::string text, read_text_file(*file, 4096));
    return std::string(trim(text));
  }
  std::cerr << "Token: " << std::flush;
  std::string token;
  std::getline(std::cin, token);
  return std::string(trim(token));
}

Result<int> login(Context& context) {
  Config config = context.session.config();
  while (config.server.ends_with('/')) config.server.pop_back();
  CICLO_TRY(config.token, context.options.has("username") ? sign_in(context.options, config) : read_token(context));
  // Nothing is written before the server has said who this is.
  Session session(config);
  CICLO_TRY(const Json me, session.get("/api/v1/me"));
  CICLO_CHECK(save_config(config));
  CICLO_CHECK(context.print(
      {{"server", config.server}, {"user", text_or(me, "name")}, {"administrator", member(me, "administrator")}}));
  return 0;
}

Result<int> logout(Context& context) {
  CICLO_TRY(Config config, load_config());
  if (context.options.has("everywhere")) CICLO_CHECK(sign_out_everywhere(context.session.config()));
  end_sign_in(config);
  config.token.clear();
  CICLO_CHECK(save_config(config));
  return 0;
}

Result<int> configure(Context& context) {
  CICLO_TRY(Config config, load_config());
  for (const std::string& pair : context.options.all("defaults")) {
    const std::size_t equals = pair.find('=');
    const std::string key = pair.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    if (key == "workspace") config.workspace = value;
    else if (key == "server") config.server = value;
    else if (key != "group" && key != "location")
      return fail(ErrorCode::invalid, fmt::format("there is no default '{}'", key), "--defaults",
                  "workspace, server (group, location: accepted)");
  }
  CICLO_CHECK(save_config(config));
  return 0;
}

Result<int> show_account(Context& context) {
  CICLO_TRY(const Json me, context.session.get("/api/v1/me"));
  CICLO_CHECK(context.print({{"id", "ciclo"},
                             {"name", context.session.config().server},
                             {"isDefault", true},
                             {"user", {{"name", text_or(me, "name")}, {"type", "user"}}}}));
  return 0;
}

}  // namespace

std::vector<Command> session_commands() {
  std::vector<Option> login_options{
      {{"token-file"}, Takes::one, "A file that holds the token (else it is asked for)."}};
  for (Option& option : sign_in_options()) login_options.push_back(std::move(option));
  return {{"login", "", "Sign in at a server and remember it.", std::move(login_options), login},
          {"logout",
           "",
           "Forget the token, and end it when it came from signing in.",
           {{{"everywhere"}, Takes::nothing, "End all your sessions and tokens that came from signing in."}},
           logout},
          {"configure",
           "",
           "Set defaults: ciclo configure --defaults workspace=dev.",
           {{{"defaults", "d"}, Takes::several, "workspace=<name> server=<url>."}},
           configure},
          {"account", "show", "Show the server and who you are there.", {}, show_account},
          {"account",
           "set",
           "Accepted for az scripts.",
           {{{"name", "n"}, Takes::one, ""}},
           [](Context&) -> Result<int> { return 0; }},
          {"extension",
           "add",
           "Accepted for az scripts.",
           {{{"name", "n"}, Takes::one, ""}, {{"yes", "y"}, Takes::nothing, ""}},
           [](Context&) -> Result<int> { return 0; }},
          {"version", "", "Show the program's version.", {}, [](Context& context) -> Result<int> {
             CICLO_CHECK(context.print({{"ciclo", CICLO_VERSION}}));
             return 0;
           }}};
}

}  // namespace ciclo::cli
