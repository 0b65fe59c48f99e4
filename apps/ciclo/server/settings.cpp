#include "server/settings.hpp"

#include <fmt/format.h>

#include "administration/sign_in/cookies.hpp"
#include "base/text.hpp"

namespace ciclo::server {
namespace {

using cli::Takes;

Result<std::uint16_t> read_port(const std::string& text) {
  const auto port = parse_int(text);
  if (port && *port >= 0 && *port <= 65535) return static_cast<std::uint16_t>(*port);
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a port", text), "--port", "0 to 65535; 0 takes a free one");
}

Result<std::chrono::hours> read_sign_in_life(const std::string& text) {
  const auto hours = parse_int(text);
  if (hours && *hours >= 1 && *hours <= 720) return std::chrono::hours(*hours);
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a number of hours", text), "--sign-in-hours", "1 to 720");
}

Result<std::string> read_public_url(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  if (administration::origin_of_url(text)) return text;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a URL", text), "--public-url",
              "for example https://ciclo.example.org");
}

}  // namespace

std::vector<cli::Option> server_options() {
  return {{{"data", "d"}, Takes::one, "The folder that holds everything (default: ciclo-data)."},
          {{"address", "a"}, Takes::one, "The address to listen on (default: 127.0.0.1)."},
          {{"port", "p"}, Takes::one, "The port to listen on; 0 takes a free one (default: 8780)."},
          {{"database"}, Takes::one, "postgresql://user@host:port/name instead of SQLite in the data folder."},
          {{"tls-certificate"}, Takes::one, "A PEM file: then the server speaks HTTPS."},
          {{"tls-key"}, Takes::one, "The certificate's key."},
          {{"log-file"}, Takes::one, "Where log lines go (default: standard error)."},
          {{"log-level"}, Takes::one, "debug, info, warning or error (default: info)."},
          {{"default-workspace"}, Takes::one, "The workspace of MLflow clients that name none (default: default)."},
          {{"public-url"}, Takes::one, "The URL by which people reach the server, when a proxy stands before it."},
          {{"sign-in-hours"}, Takes::one, "How long a token of ciclo login --username lives (default: 12)."},
          {{"reset-admin-token"}, Takes::nothing, "Make a new administrator token and end the old ones."}};
}

Result<Settings> read_settings(const cli::Options& options) {
  Settings settings;
  if (const auto data = options.find("data")) settings.data = *data;
  settings.data = std::filesystem::absolute(settings.data).lexically_normal();
  if (const auto address = options.find("address")) settings.address = *address;
  if (const auto port = options.find("port")) {
    CICLO_TRY(settings.port, read_port(*port));
  }
  settings.database = options.text("database");
  if (options.has("tls-certificate") != options.has("tls-key"))
    return fail(ErrorCode::invalid, "--tls-certificate and --tls-key belong together");
  if (options.has("tls-certificate"))
    settings.tls =
        http::TlsSettings{.certificate_file = options.text("tls-certificate"), .key_file = options.text("tls-key")};
  if (const auto file = options.find("log-file")) settings.log.file = *file;
  if (const auto level = options.find("log-level")) {
    const auto known = log::level_named(*level);
    if (!known)
      return fail(ErrorCode::invalid, fmt::format("there is no log level '{}'", *level), "--log-level",
                  "debug, info, warning or error");
    settings.log.level = *known;
  }
  settings.default_workspace = options.find("default-workspace").value_or(settings.default_workspace);
  settings.reset_admin_token = options.has("reset-admin-token");
  if (const auto url = options.find("public-url")) {
    CICLO_TRY(settings.public_url, read_public_url(*url));
  }
  if (const auto hours = options.find("sign-in-hours")) {
    CICLO_TRY(settings.sign_in_life, read_sign_in_life(*hours));
  }
  std::error_code error;
  settings.programs = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return settings;
}

Folders::Folders(const std::filesystem::path& folder)
    : data(folder),
      database(folder / "ciclo.db"),
      blobs(folder / "blobs"),
      jobs(folder / "jobs"),
      endpoints(folder / "endpoints"),
      environments(folder / "environments"),
      collected(folder / "collected"),
      admin_token(folder / "admin.token"),
      master_key(folder / "master.key"),
      server_file(folder / "server.json") {}

}  // namespace ciclo::server
