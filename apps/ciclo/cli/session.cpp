#include "cli/session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace ciclo::cli {
namespace {

std::string environment(const char* name, std::string otherwise = {}) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

ErrorCode code_of(const std::string& name, int status) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i)
    if (name_of(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
  switch (status) {
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::denied;
    case 404: return ErrorCode::not_found;
    case 409: return ErrorCode::conflict;
    case 413: return ErrorCode::too_large;
    case 429: return ErrorCode::quota;
    case 503: return ErrorCode::unavailable;
    default: return status < 500 ? ErrorCode::invalid : ErrorCode::internal;
  }
}

Error error_of_json(const Json& body, int status) {
  Error error{code_of(text_or(body, "code"), status),
              text_or(body, "message"),
              text_or(body, "target"),
              text_or(body, "hint"),
              {}};
  for (const Json& detail : member(body, "details")) error.details.push_back(error_of_json(detail, status));
  return error;
}

}  // namespace

std::filesystem::path config_file() {
  if (std::string file = environment("CICLO_CONFIG"); !file.empty()) return file;
  return std::filesystem::path(environment("HOME", "/")) / ".ciclo" / "config.json";
}

Result<Config> load_config_file() {
  Config config;
  if (std::ifstream in(config_file()); in) {
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto json = parse_json(text);
    if (!json) return Failure(json.error().add_context(config_file().string()));
    config = {.server = text_or(*json, "server"),
              .token = text_or(*json, "token"),
              .workspace = text_or(*json, "workspace"),
              .is_signed_in = member(*json, "signed_in") == true};
  }
  return config;
}

Result<Config> load_config() {
  CICLO_TRY(Config config, load_config_file());
  config.server = environment("CICLO_SERVER", config.server);
  config.token = environment("CICLO_TOKEN", config.token);
  config.workspace = environment("CICLO_WORKSPACE", config.workspace);
  while (config.server.ends_with('/')) config.server.pop_back();
  return config;
}

Result<void> save_config(const Config& config) {
  const std::filesystem::path file = config_file();
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  Json document = {{"server", config.server}, {"token", config.token}, {"workspace", config.workspace}};
  if (config.is_signed_in) document["signed_in"] = true;
  const std::string text = to_pretty_text(document) + "\n";
  const std::string temporary = file.string() + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), file.c_str()) != 0)
    return fail(ErrorCode::internal,
                fmt::format("cannot write the settings: {}", std::strerror(written ? errno : reason)), file.string(),
                "set CICLO_CONFIG to a file that you may write");
  return {};
}

http::ClientSettings client_settings() {
  http::ClientSettings settings;
  settings.default_headers.set("user-agent", "ciclo");
  settings.certificate_authority_file = environment("CICLO_CA_FILE");
  return settings;
}

Session::Session(Config config) : config_(std::move(config)) {
  http::ClientSettings settings = client_settings();
  if (!config_.token.empty()) settings.default_headers.set("authorization", "Bearer " + config_.token);
  settings.timeout = std::chrono::minutes(5);
  client_ = std::make_unique<http::Client>(std::move(settings));
}

Result<std::string> Session::workspace() const {
  if (!config_.workspace.empty()) return config_.workspace;
  return fail(ErrorCode::invalid, "no workspace was named", {},
              "add --workspace <name>, or once: ciclo configure --defaults workspace=<name>");
}

Result<std::string> Session::workspace_path() const {
  CICLO_TRY(const std::string name, workspace());
  return "/api/v1/workspaces/" + http::percent_encode(name);
}

Result<http::ClientResponse> Session::raw(http::ClientRequest request) {
  if (config_.server.empty())
    return fail(ErrorCode::invalid, "no server was named", {},
                "run: ciclo login --server <url> --token-file <file>, or set CICLO_SERVER");
  return client_->send(request);
}

Error error_of(const http::ClientResponse& response) {
  if (const auto body = parse_json(response.body); body && body->is_object()) {
    if (const Json& error = member(*body, "error"); error.is_object()) return error_of_json(error, response.status);
    if (const std::string message = text_or(*body, "message", text_or(*body, "error")); !message.empty())
      return {code_of("", response.status), message, {}, {}, {}};
  }
  return {code_of("", response.status), fmt::format("the server answered with status {}", response.status), {}, {}, {}};
}

Result<Json> Session::call(http::Method method, const std::string& path, const Json& body) {
  http::ClientRequest request{.method = method, .url = url(path)};
  if (!body.is_null()) {
    request.headers.set("content-type", "application/json");
    request.body = to_text(body);
  }
  CICLO_TRY(const auto response, raw(std::move(request)));
  if (response.status >= 400) return Failure(error_of(response));
  if (response.body.empty()) return Json();
  return parse_json(response.body);
}

Result<Json> Session::get_all(const std::string& path, std::size_t at_most) {
  Json all = Json::array();
  std::string token;
  do {
    const char joint = path.find('?') == std::string::npos ? '?' : '&';
    const std::string more = token.empty() ? "" : "&page_token=" + http::percent_encode(token);
    CICLO_TRY(const Json page,
              get(fmt::format("{}{}limit={}{}", path, joint, std::min<std::size_t>(at_most, 1000), more)));
    for (const Json& item : member(page, "value")) {
      if (all.size() == at_most) return all;
      all.push_back(item);
    }
    token = text_or(page, "next_page_token");
  } while (!token.empty() && all.size() < at_most);
  return all;
}

}  // namespace ciclo::cli
