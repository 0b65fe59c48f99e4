// Which server, who and where by default; and the few az commands that scripts call around.
#include <fmt/format.h>

#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/device_sign_in.hpp"
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

Failure no_device_code(const std::string& server) {
  return fail(ErrorCode::unsupported, fmt::format("{} offers no sign-in by device code", server), {},
              "its administrator sets it up (docs/openid-connect.md); else: ciclo login --token-file <file>");
}

// A token of the server for a sign-in at its identity provider.
Result<std::string> token_by_device_code(const Config& config) {
  Config anonymous = config;
  anonymous.token.clear();
  Session session(anonymous);
  CICLO_TRY(const Json ways, session.get("/api/v1/auth/configuration"));
  const Json& device = member(member(ways, "openid_connect"), "device_code");
  if (!device.is_object()) return no_device_code(config.server);
  http::Client provider(client_settings());
  CICLO_TRY(const std::string id_token,
            sign_in_by_device_code(provider,
                                   {.client_id = text_or(device, "client_id"),
                                    .scopes = text_or(device, "scopes"),
                                    .device_authorization_endpoint = text_or(device, "device_authorization_endpoint"),
                                    .token_endpoint = text_or(device, "token_endpoint")},
                                   std::cerr));
  CICLO_TRY(const Json minted, session.call(http::Method::post, "/api/v1/auth/exchange", {{"id_token", id_token}}));
  return text_or(minted, "token");
}

// By one of the three ways; marks the ones that the server has to end.
Result<std::string> new_token(const Context& context, Config& config) {
  std::vector<std::string> ways;
  for (const char* way : {"token-file", "use-device-code", "username"})
    if (context.options.has(way)) ways.push_back(std::string("--") + way);
  if (ways.size() > 1)
    return fail(ErrorCode::invalid, join(ways, " and ") + " do not go together", {}, "give one of them");
  config.is_signed_in = !ways.empty() && ways.front() != "--token-file";
  if (!config.is_signed_in) return read_token(context);
  return context.options.has("username") ? sign_in(context.options, config) : token_by_device_code(config);
}

Result<int> login(Context& context) {
  Config config = context.session.config();
  while (config.server.ends_with('/')) config.server.pop_back();
  CICLO_TRY(config.token, new_token(context, config));
  // Nothing is written before the server has said who this is.
  Session session(config);
  CICLO_TRY(const Json me, session.get("/api/v1/me"));
  CICLO_CHECK(save_config(config));
  CICLO_CHECK(context.print(
      {{"server", config.server}, {"user", text_or(me, "name")}, {"administrator", member(me, "administrator")}}));
  return 0;
}

Result<int> logout(Context& context) {
  CICLO_TRY(Config config, load_config_file());
  if (context.options.has("everywhere")) CICLO_CHECK(sign_out_everywhere(context.session.config()));
  if (config.is_signed_in && !config.token.empty()) {
    // The token is forgotten here in any case: a server that is away must not keep somebody signed in.
    const auto ended = Session(config).call(http::Method::del, "/api/v1/auth/token");
    if (!ended && ended.error().code != ErrorCode::unauthenticated)
      std::cerr << "WARNING: the token could not be ended at the server, and is good until its time is over: "
                << ended.error().text() << "\n";
  }
  config.token.clear();
  config.is_signed_in = false;
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
      {{"token-file"}, Takes::one, "A file that holds the token (else it is asked for)."},
      {{"use-device-code"}, Takes::nothing, "Sign in at the identity provider, in a browser on any device."}};
  for (Option& option : sign_in_options()) login_options.push_back(std::move(option));
  return {{"login", "", "Sign in at a server and remember it.", std::move(login_options), login},
          {"logout",
           "",
           "Forget the token; one that was made by signing in ends.",
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
