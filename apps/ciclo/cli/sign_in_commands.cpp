// Signing in with a password, and a user's password and one-time codes.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"

namespace ciclo::cli {
namespace {

constexpr std::size_t largest_password_file = 4096;

// Turns the terminal's echo off while it lives.
class Silence {
 public:
  Silence() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Silence() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << "\n";
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

// From the file that `option` names, else asked for. Blanks at the ends belong to a password; the line's end does not.
Result<std::string> read_password(const Options& options, std::string_view option, std::string_view prompt) {
  std::string password;
  if (const auto file = options.find(option)) {
    CICLO_TRY(password, read_text_file(*file, largest_password_file));
  } else {
    const Silence silence;  // before it asks: turning the echo off drops what was typed until then
    std::cerr << prompt << ": " << std::flush;
    std::getline(std::cin, password);
  }
  password = without_line_end(std::move(password));
  if (password.empty())
    return fail(ErrorCode::invalid, fmt::format("no password was given ({})", to_lower(prompt)),
                "--" + std::string(option));
  return password;
}

Result<std::string> read_new_password(const Options& options) {
  CICLO_TRY(std::string password, read_password(options, "new-password-file", "New password"));
  if (options.has("new-password-file") || ::isatty(STDIN_FILENO) == 0) return password;
  CICLO_TRY(const std::string again, read_password(options, "new-password-file", "New password again"));
  if (again != password) return fail(ErrorCode::invalid, "the two passwords differ", {}, "type the same one twice");
  return password;
}

Result<std::string> user_name(Context& context) {
  if (const auto name = context.options.find("name")) return *name;
  CICLO_TRY(const Json me, context.session.get("/api/v1/me"));
  return text_or(me, "name");
}

Result<std::string> user_path(Context& context) {
  CICLO_TRY(const std::string name, user_name(context));
  return "/api/v1/users/" + http::percent_encode(name);
}

Result<int> set_password(Context& context) {
  CICLO_TRY(const Json me, context.session.get("/api/v1/me"));
  const std::string name = context.options.find("name").value_or(text_or(me, "name"));
  const std::string path = "/api/v1/users/" + http::percent_encode(name);
  Json body = Json::object();
  const bool is_own = name == text_or(me, "name");
  if (is_own) {
    CICLO_TRY(const Json before, context.session.get(path + "/sign-in"));
    if (member(before, "has_password") == true) {
      CICLO_TRY(body["current_password"], read_password(context.options, "current-password-file", "Current password"));
    }
  }
  CICLO_TRY(body["new_password"], read_new_password(context.options));
  CICLO_CHECK(context.session.call(http::Method::put, path + "/password", body));
  std::cerr << (is_own ? "Your password is changed. Sessions and tokens that came from signing in have ended.\n"
                       : fmt::format("'{}' must choose another password when signing in with this one.\n", name));
  return 0;
}

Result<int> remove_password(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_CHECK(context.session.call(http::Method::del, path + "/password"));
  return 0;
}

Result<int> enable_codes(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_TRY(const Json enrolment, context.session.call(http::Method::post, path + "/totp", Json::object()));
  CICLO_CHECK(context.print(enrolment));
  std::cerr << "Put the secret into an authenticator app, then: ciclo user totp confirm --code <six digits>\n";
  return 0;
}

Result<int> confirm_codes(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_TRY(const std::string code, context.options.needed("code"));
  CICLO_TRY(const Json answer, context.session.call(http::Method::post, path + "/totp/confirm", {{"code", code}}));
  CICLO_CHECK(context.print(answer));
  std::cerr << "One-time codes are on. Keep the recovery codes apart from the app: each stands in for a code once.\n";
  return 0;
}

Result<int> disable_codes(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  Json body = Json::object();
  if (const auto code = context.options.find("code")) body["code"] = *code;
  CICLO_CHECK(context.session.call(http::Method::del, path + "/totp", body));
  return 0;
}

Result<int> show(Context& context) {
  CICLO_TRY(const std::string path, user_path(context));
  CICLO_TRY(const Json answer, context.session.get(path + "/sign-in"));
  CICLO_CHECK(context.print(answer));
  return 0;
}

Result<int> list_sessions(Context& context) {
  CICLO_TRY(const Json answer, context.session.get("/api/v1/me/sessions"));
  CICLO_CHECK(context.print(
      member(answer, "value"),
      {{"Id", "id"}, {"How", "how"}, {"Begun", "created_at"}, {"Last used", "last_used_at"}, {"Ends", "expires_at"}}));
  return 0;
}

Result<int> end_session(Context& context) {
  CICLO_TRY(const std::string id, context.options.needed("id"));
  CICLO_CHECK(context.session.call(http::Method::del, "/api/v1/me/sessions/" + http::percent_encode(id)));
  return 0;
}

}  // namespace

std::vector<Option> sign_in_options() {
  return {{{"username", "u"}, Takes::one, "Sign in with this user's password instead of a token."},
          {{"password-file"}, Takes::one, "A file that holds the password (else it is asked for)."},
          {{"password", "p"}, Takes::one, "The password itself. Others on this machine can see it: better a file."},
          {{"code"}, Takes::one, "The one-time code, where they are on; or a recovery code."},
          {{"new-password-file"}, Takes::one, "A file that holds the password that replaces a temporary one."}};
}

Result<std::string> sign_in(const Options& options, const Config& config) {
  Config anonymous = config;
  anonymous.token.clear();
  Session session(std::move(anonymous));
  Json body = {{"name", options.text("username")}};
  if (const auto password = options.find("password")) body["password"] = *password;
  else {
    CICLO_TRY(body["password"], read_password(options, "password-file", "Password"));
  }
  if (const auto code = options.find("code")) body["code"] = *code;
  if (options.has("new-password-file")) {
    CICLO_TRY(body["new_password"], read_new_password(options));
  }
  const std::string path = "/api/v1/auth/sign-in";
  auto answer = session.call(http::Method::post, path, body);
  const bool must_change = !answer && answer.error().target == "/new_password" &&
                           answer.error().code == ErrorCode::denied && ::isatty(STDIN_FILENO) != 0;
  if (must_change) {
    std::cerr << "This is a temporary password: choose your own.\n";
    CICLO_TRY(body["new_password"], read_new_password(options));
    answer = session.call(http::Method::post, path, body);
  }
  if (!answer) {
    Error error = answer.error();
    if (error.target == "/new_password" && error.code == ErrorCode::denied)
      error.hint = "sign in with --new-password-file <file>";
    return Failure(std::move(error));
  }
  return text_or(*answer, "token");
}

Result<void> sign_out_everywhere(const Config& config) {
  CICLO_CHECK(Session(config).call(http::Method::del, "/api/v1/me/sessions"));
  return {};
}

std::vector<Command> sign_in_commands() {
  const Option name{{"name", "n"}, Takes::one, "The user (default: you)."};
  const Option code{{"code"}, Takes::one, "A code that the app shows now, or a recovery code."};
  return {
      {"user",
       "set-password",
       "Change your password, or give somebody a temporary one.",
       {name,
        {{"current-password-file"}, Takes::one, "A file that holds your password now (else it is asked for)."},
        {{"new-password-file", "password-file"}, Takes::one, "A file that holds the new one (else asked for)."}},
       set_password},
      {"user", "remove-password", "Take a user's password away.", {name}, remove_password},
      {"user", "show-sign-in", "Show how a user signs in.", {name}, show},
      {"user totp", "enable", "Get a secret for an authenticator app.", {name}, enable_codes},
      {"user totp", "confirm", "Turn on one-time codes; shows the recovery codes once.", {name, code}, confirm_codes},
      {"user totp", "disable", "Turn off one-time codes.", {name, code}, disable_codes},
      {"account session", "list", "List your sessions in the Studio.", {}, list_sessions},
      {"account session", "end", "End one of them.", {{{"id"}, Takes::one, "The session's id."}}, end_session}};
}

}  // namespace ciclo::cli
