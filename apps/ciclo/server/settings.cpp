#include "server/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "administration/secrets/master_key.hpp"
#include "administration/sign_in/cookies.hpp"
#include "base/text.hpp"
#include "platform/http/url.hpp"
#include "server/oidc_settings.hpp"

namespace ciclo::server {
namespace {

using cli::Takes;

Result<sql::Durability> read_durability(const std::string& text) {
  if (text == "power-cut") return sql::Durability::power_cut;
  if (text == "process-crash") return sql::Durability::process_crash;
  return fail(ErrorCode::invalid, fmt::format("there is no durability '{}'", text), "--durability",
              "power-cut or process-crash");
}

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

// An origin: pages and cookies are this server's from the root on.
Result<std::string> read_public_url(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  const auto url = http::parse_url(text);
  const bool has_more = !url || !url->encoded_path().empty() || url->has_query() || url->has_fragment();
  const auto origin = administration::origin_of_url(text);
  if (!has_more && !url->has_userinfo() && origin) return *origin;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not the address of a server", text), "--public-url",
              "for example https://ciclo.example.org, without a path");
}

// "50000" or "50000/s". After a rest, two seconds' worth may come at once.
Result<void> read_rate(const cli::Options& options, const std::string& name, http::RateLimit& limit) {
  constexpr double highest = 1e9;
  const auto given = options.find(name);
  if (!given) return {};
  std::string_view text = *given;
  if (text.ends_with("/s")) text.remove_suffix(2);
  const auto rate = parse_double(text);
  if (!rate || !(*rate >= 0 && *rate <= highest))
    return fail(ErrorCode::invalid, fmt::format("'{}' is no number of requests a second", *given), "--" + name,
                "50000 or 50000/s; 0 for no limit");
  limit = {.per_second = *rate, .burst = std::max(1.0, 2 * *rate)};
  return {};
}

Result<std::shared_ptr<const http::OutboundPolicy>> read_outbound(const cli::Options& options) {
  auto policy = http::OutboundPolicy::parse(options.all("allow-outbound"));
  if (policy) return std::make_shared<const http::OutboundPolicy>(*std::move(policy));
  policy.error().target = "--allow-outbound";
  return Failure(std::move(policy).error());
}

constexpr const char* key_variable = "CICLO_MASTER_KEY";
constexpr const char* next_key_variable = "CICLO_NEW_MASTER_KEY";

using administration::MasterKeySource;
using KeySource = std::shared_ptr<const MasterKeySource>;

// The source that was given, by `--<prefix>master-key-file`, `--<prefix>master-key-command` or a variable.
Result<KeySource> read_key_source(const cli::Options& options, const std::string& prefix, const char* variable,
                                  std::optional<administration::SecretBytes>& held) {
  const std::string file = prefix + "master-key-file";
  const std::string command = prefix + "master-key-command";
  if (int(options.has(file)) + int(options.has(command)) + int(held.has_value()) > 1)
    return fail(ErrorCode::invalid, "the master key has more than one source", "--" + file,
                fmt::format("give one of --{}, --{} and the variable {}", file, command, variable));
  MasterKeySource source;
  if (options.has(file)) {
    source.file = std::filesystem::absolute(options.text(file)).lexically_normal();
    source.may_make_file = false;
  } else if (options.has(command)) {
    source.from = MasterKeySource::From::command;
    source.command = options.text(command);
  } else if (held) {
    source.from = MasterKeySource::From::environment;
    source.variable = variable;
    source.text = *std::move(held);
  } else {
    return KeySource();
  }
  return std::make_shared<const MasterKeySource>(std::move(source));
}

}  // namespace

KeyVariables take_key_variables() {
  return {administration::take_key_variable(key_variable), administration::take_key_variable(next_key_variable)};
}

std::vector<cli::Option> server_options() {
  std::vector<cli::Option> all = {
      {{"data", "d"}, Takes::one, "The folder that holds everything (default: ciclo-data)."},
      {{"address", "a"}, Takes::one, "The address to listen on (default: 127.0.0.1)."},
      {{"port", "p"}, Takes::one, "The port to listen on; 0 takes a free one (default: 8780)."},
      {{"database"}, Takes::one, "postgresql://user@host:port/name instead of SQLite in the data folder."},
      {{"durability"},
       Takes::one,
       "What an acknowledged write to SQLite survives: power-cut (default), or process-crash, which is faster for a "
       "single client."},
      {{"tls-certificate"}, Takes::one, "A PEM file: then the server speaks HTTPS."},
      {{"tls-key"}, Takes::one, "The certificate's key."},
      {{"allow-outbound"},
       Takes::several,
       "What webhooks and inputs at an http address may reach besides public addresses: an address, a range such as "
       "10.1.0.0/16, or a host name, each also with :port. May be repeated."},
      {{"rate-limit"}, Takes::one, "Requests a second of each caller; 0 for no limit (default: 50000)."},
      {{"rate-limit-unauthenticated"},
       Takes::one,
       "Requests a second of each address without a good credential; 0 for no limit (default: 1000)."},
      {{"master-key-file"},
       Takes::one,
       "The key that seals secrets (default: <data>/master.key, made at first start)."},
      {{"master-key-command"}, Takes::one, "A command that prints that key, for a key management service."},
      {{"log-file"}, Takes::one, "Where log lines go (default: standard error)."},
      {{"log-level"}, Takes::one, "debug, info, warning or error (default: info)."},
      {{"default-workspace"}, Takes::one, "The workspace of MLflow clients that name none (default: default)."},
      {{"public-url"},
       Takes::one,
       "The server as browsers see it, such as https://ciclo.example.org (behind a proxy)."},
      {{"sign-in-hours"}, Takes::one, "How long a token of ciclo login --username lives (default: 12)."},
      {{"reset-admin-token"}, Takes::nothing, "Make a new administrator token and end the old ones."}};
  std::ranges::move(oidc_options(), std::back_inserter(all));
  return all;
}

Result<Settings> read_settings(const cli::Options& options, KeyVariables& variables) {
  Settings settings;
  if (const auto data = options.find("data")) settings.data = *data;
  settings.data = std::filesystem::absolute(settings.data).lexically_normal();
  if (const auto address = options.find("address")) settings.address = *address;
  if (const auto port = options.find("port")) {
    CICLO_TRY(settings.port, read_port(*port));
  }
  settings.database = options.text("database");
  if (const auto durability = options.find("durability")) {
    CICLO_TRY(settings.durability, read_durability(*durability));
  }
  if (options.has("tls-certificate") != options.has("tls-key"))
    return fail(ErrorCode::invalid, "--tls-certificate and --tls-key belong together");
  if (options.has("tls-certificate"))
    settings.tls =
        http::TlsSettings{.certificate_file = options.text("tls-certificate"), .key_file = options.text("tls-key")};
  CICLO_TRY(settings.outbound, read_outbound(options));
  CICLO_CHECK(read_rate(options, "rate-limit", settings.rate_limits.principals));
  CICLO_CHECK(read_rate(options, "rate-limit-unauthenticated", settings.rate_limits.addresses));
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
  CICLO_TRY(settings.master_key, read_key_source(options, "", key_variable, variables.current));
  if (!settings.master_key) {
    MasterKeySource source;
    source.file = Folders(settings.data).master_key;
    settings.master_key = std::make_shared<const MasterKeySource>(std::move(source));
  }
  CICLO_TRY(settings.oidc, read_oidc_settings(options));
  std::error_code error;
  settings.programs = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return settings;
}

std::vector<cli::Option> rotation_options() {
  return {{{"data", "d"}, Takes::one, "The server's data folder (default: ciclo-data)."},
          {{"database"}, Takes::one, "postgresql://user@host:port/name instead of SQLite in the data folder."},
          {{"master-key-file"}, Takes::one, "The key that it has now (default: <data>/master.key)."},
          {{"master-key-command"}, Takes::one, "A command that prints the key that it has now."},
          {{"new-master-key-file"}, Takes::one, "The next key. Without one a new key is made in the key's file."},
          {{"new-master-key-command"}, Takes::one, "A command that prints the next key."}};
}

Result<KeySource> read_next_key(const cli::Options& options, KeyVariables& variables) {
  return read_key_source(options, "new-", next_key_variable, variables.next);
}

Folders::Folders(const std::filesystem::path& folder)
    : data(folder),
      database(folder / "ciclo.db"),
      blobs(folder / "blobs"),
      jobs(folder / "jobs"),
      endpoints(folder / "endpoints"),
      environments(folder / "environments"),
      collected(folder / "collected"),
      audit(folder / "audit"),
      admin_token(folder / "admin.token"),
      master_key(folder / "master.key"),
      server_file(folder / "server.json") {}

}  // namespace ciclo::server
