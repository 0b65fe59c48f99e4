// Secrets of a workspace: set, read, list, enable, disable, delete.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "base/text.hpp"
#include "base/wipe.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"

namespace ciclo::cli {
namespace {

constexpr std::size_t most_value_bytes = 64U << 10U;
const Option name_option = {{"name", "n"}, Takes::one, "The secret's name."};
const Option version_option = {{"version"}, Takes::one, "The version (default: the newest)."};

// Turns the terminal's echo off as long as it lives; does nothing where there is no terminal.
class Silence {
 public:
  Silence() {
    if (::isatty(STDIN_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_on_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Silence() {
    if (is_on_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool is_on() const { return is_on_; }

 private:
  termios before_{};
  bool is_on_ = false;
};

// From a terminal one line; from a pipe all of it, without the line's end that `echo` adds.
std::string read_standard_input() {
  std::string value;
  if (::isatty(STDIN_FILENO) != 0) {
    const Silence silence;
    std::cerr << "Value: " << std::flush;
    std::getline(std::cin, value);
    if (silence.is_on()) std::cerr << "\n";
    return value;
  }
  value.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return value;
}

Result<std::string> read_value(const Context& context) {
  if (const auto file = context.options.find("file")) return read_text_file(*file, most_value_bytes);
  return read_standard_input();
}

std::vector<resources::Column> columns() {
  return {{"NAME", "name"},          {"VERSION", "version"},    {"ENABLED", "enabled"},
          {"EXPIRES", "expires_at"}, {"CREATED", "created_at"}, {"BY", "created_by"}};
}

Result<std::string> secret_path(const Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const std::string name, context.options.needed("name"));
  return fmt::format("{}/secrets/{}", workspace, http::percent_encode(name));
}

Result<int> set(Context& context) {
  CICLO_TRY(const std::string path, secret_path(context));
  CICLO_TRY(std::string value, read_value(context));
  Json body = {{"value", std::move(value)}};
  if (const auto type = context.options.find("content-type")) body["content_type"] = *type;
  if (const auto expires = context.options.find("expires")) body["expires_at"] = *expires;
  for (const std::string& pair : context.options.all("tags")) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) return fail(ErrorCode::invalid, "a tag is written key=value", "--tags");
    body["tags"][pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  auto answer = context.session.call(http::Method::put, path, body);
  wipe(body["value"].get_ref<std::string&>());
  if (!answer) return Failure(answer.error());
  CICLO_CHECK(context.print(*answer));
  return 0;
}

Result<int> show(Context& context) {
  CICLO_TRY(const std::string path, secret_path(context));
  CICLO_TRY(const Json answer, context.session.get(path));
  CICLO_CHECK(context.print(answer, columns()));
  return 0;
}

Result<int> get(Context& context) {
  CICLO_TRY(const std::string path, secret_path(context));
  std::string query;
  if (const auto version = context.options.find("version")) query = "?version=" + http::percent_encode(*version);
  CICLO_TRY(const Json answer, context.session.get(path + "/value" + query));
  // The bare value when no form was asked for: for use in scripts.
  if (context.output.query || context.options.has("output")) {
    CICLO_CHECK(context.print(answer));
  } else {
    std::cout << text_or(answer, "value") << "\n";
  }
  return 0;
}

Result<int> list(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const Json answer, context.session.get_all(workspace + "/secrets"));
  CICLO_CHECK(context.print(answer, columns()));
  return 0;
}

Result<int> remove(Context& context) {
  CICLO_TRY(const std::string path, secret_path(context));
  if (!context.options.has("yes") && ::isatty(STDIN_FILENO) != 0) {
    std::cerr << "Delete the secret " << context.options.text("name") << " for ever? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes") return 1;
  }
  CICLO_CHECK(context.session.call(http::Method::del, path));
  return 0;
}

Result<int> set_enabled(Context& context, bool enabled) {
  CICLO_TRY(const std::string path, secret_path(context));
  std::string version = context.options.text("version");
  if (version.empty()) {
    CICLO_TRY(const Json newest, context.session.get(path));
    version = to_text(member(newest, "version"));
  }
  CICLO_TRY(const Json answer, context.session.call(http::Method::patch,
                                                    fmt::format("{}/versions/{}", path, http::percent_encode(version)),
                                                    {{"enabled", enabled}}));
  CICLO_CHECK(context.print(answer));
  return 0;
}

Result<int> show_vault(Context& context) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  CICLO_TRY(const Json answer, context.session.get(workspace + "/vault"));
  CICLO_CHECK(context.print(answer));
  return 0;
}

}  // namespace

std::vector<Command> secret_commands() {
  return {{"secret",
           "set",
           "Set a new version of a secret. The value is read from standard input, or from a file; never from the "
           "command line, where others see it.",
           {name_option,
            {{"file", "f"}, Takes::one, "A file that holds the value, kept byte for byte."},
            {{"content-type", "description"}, Takes::one, "What it is, such as text/plain."},
            {{"expires"}, Takes::one, "From when on it is not used any more, such as 2030-01-31T00:00:00Z."},
            {{"tags"}, Takes::several, "key=value …"}},
           set},
          {"secret", "show", "Show a secret and its versions, without values.", {name_option}, show},
          {"secret", "get", "Print a secret's value and nothing else.", {name_option, version_option}, get},
          {"secret", "list", "List the secrets, without values.", {}, list},
          {"secret",
           "delete",
           "Delete a secret with all versions, for ever.",
           {name_option, {{"yes", "y"}, Takes::nothing, "Do not ask."}},
           remove},
          {"secret",
           "enable",
           "Let a version be used again.",
           {name_option, version_option},
           [](Context& context) { return set_enabled(context, true); }},
          {"secret",
           "disable",
           "Keep a version from being used.",
           {name_option, version_option},
           [](Context& context) { return set_enabled(context, false); }},
          {"secret", "vault", "Show how many secrets there are and which master key seals them.", {}, show_vault}};
}

}  // namespace ciclo::cli
