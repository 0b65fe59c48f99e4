#include "scoring/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/json_schema.hpp"
#include "base/text.hpp"
#include "scoring/settings_schema.hpp"

namespace ciclo::scoring {
namespace {

std::filesystem::path path_from(const std::filesystem::path& folder, const std::string& text) {
  if (text.empty()) return {};
  const std::filesystem::path path(text);
  return path.is_absolute() ? path : (folder / path).lexically_normal();
}

template <class T>
T number_or(const Json& object, std::string_view key, T otherwise) {
  const auto& value = member(object, key);
  return value.is_number() ? value.get<T>() : otherwise;
}

bool flag_or(const Json& object, std::string_view key, bool otherwise) {
  const auto& value = member(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

RequestSettings read_requests(const Json& json) {
  RequestSettings settings;
  settings.request_timeout =
      std::chrono::milliseconds(number_or<std::int64_t>(json, "request_timeout_ms", settings.request_timeout.count()));
  settings.max_concurrent_requests = number_or<int>(json, "max_concurrent_requests_per_instance", 0);
  settings.max_queue_wait =
      std::chrono::milliseconds(number_or<std::int64_t>(json, "max_queue_wait_ms", settings.max_queue_wait.count()));
  return settings;
}

PythonSettings read_python(const Json& json, const std::filesystem::path& folder) {
  PythonSettings settings;
  settings.interpreter = text_or(json, "interpreter", settings.interpreter);
  settings.workers = number_or<int>(json, "workers", settings.workers);
  settings.code_folder = path_from(folder, text_or(json, "code"));
  settings.scoring_script = text_or(json, "scoring_script");
  settings.start_timeout =
      std::chrono::milliseconds(number_or<std::int64_t>(json, "start_timeout_ms", settings.start_timeout.count()));
  return settings;
}

Result<DeploymentSettings> read_deployment(const Json& json, const std::filesystem::path& folder,
                                           const std::string& pointer) {
  DeploymentSettings deployment;
  deployment.name = text_or(json, "name");
  const auto& model = member(json, "model");
  deployment.model = {path_from(folder, text_or(model, "path")), text_or(model, "name", deployment.name),
                      text_or(model, "version", "1"), text_or(model, "flavor")};
  const auto& collect = member(json, "collect");
  deployment.collect = {flag_or(collect, "inputs", false), flag_or(collect, "outputs", false),
                        number_or<double>(collect, "sampling_rate", 1.0)};
  deployment.requests = read_requests(member(json, "request_settings"));
  deployment.python = read_python(member(json, "python"), folder);
  for (const auto& [key, value] : member(json, "environment_variables").items())
    deployment.environment_variables[key] = value.get<std::string>();
  for (const auto& [key, value] : member(json, "secret_variables").items())
    deployment.secret_variables[key] = value.get<std::string>();
  deployment.source = json;
  if (deployment.model.path.empty() && deployment.python.scoring_script.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("the deployment '{}' has neither a model nor a scoring script", deployment.name),
                pointer + "/model", "give model.path, or python.code and python.scoring_script");
  }
  if (!deployment.python.scoring_script.empty() && deployment.python.code_folder.empty()) {
    return fail(ErrorCode::invalid, "a scoring script needs the folder that it lies in", pointer + "/python",
                "give python.code");
  }
  return deployment;
}

Result<std::optional<SignedTokenSettings>> read_signed_tokens(const Json& json) {
  if (json.is_null()) return std::nullopt;
  std::vector<tokens::VerifyingKey> keys;
  for (const auto& text : member(json, "public_keys")) {
    auto key = tokens::VerifyingKey::from_hex(text.get<std::string>());
    if (!key)
      return fail(ErrorCode::invalid, key.error().message,
                  fmt::format("/auth/signed_tokens/public_keys/{}", keys.size()));
    keys.push_back(*std::move(key));
  }
  SignedTokenSettings settings{
      .keys = tokens::VerifyingKeys(std::move(keys)), .audience = text_or(json, "audience"), .ended = {}};
  for (const auto& entry : member(json, "ended")) {
    const auto text = text_or(entry, "issued_until");
    const auto until = parse_rfc3339(text);
    if (!until)
      return fail(ErrorCode::invalid, fmt::format("'{}' is no RFC 3339 time", text), "/auth/signed_tokens/ended");
    auto& latest = settings.ended[text_or(entry, "principal")];
    latest = std::max(latest, *until);
  }
  return settings;
}

Result<AuthSettings> read_auth(const Json& json) {
  AuthSettings auth;
  const std::string mode = text_or(json, "mode", "key");
  auth.required = mode != "none";
  auth.control_sha256 = text_or(json, "control_sha256");
  CICLO_TRY(auth.signed_tokens, read_signed_tokens(member(json, "signed_tokens")));
  if (mode == "key")
    for (const auto& key : member(json, "keys_sha256")) auth.key_sha256.push_back(key.get<std::string>());
  for (const auto& entry : member(json, "tokens")) {
    ExpiringToken token{text_or(entry, "sha256"), std::nullopt};
    if (const auto text = text_or(entry, "expires_at"); !text.empty()) {
      token.expires_at = parse_rfc3339(text);
      if (!token.expires_at)
        return fail(ErrorCode::invalid, fmt::format("'{}' is no RFC 3339 time", text), "/auth/tokens");
    }
    auth.tokens.push_back(std::move(token));
  }
  return auth;
}

Result<void> check_name(const ScorerSettings& settings, const std::string& name, const std::string& pointer) {
  std::vector<std::string> names;
  for (const auto& deployment : settings.deployments) names.push_back(deployment.name);
  if (std::ranges::find(names, name) != names.end()) return {};
  const auto near = nearest(name, names);
  return fail(ErrorCode::invalid, fmt::format("there is no deployment '{}'", name), pointer,
              near ? fmt::format("the nearest is '{}'", *near) : "");
}

Result<void> read_traffic(const Json& document, ScorerSettings& settings) {
  int sum = 0;
  for (const auto& [name, percent] : member(document, "traffic").items()) {
    CICLO_CHECK(check_name(settings, name, "/traffic/" + escape_pointer_token(name)));
    settings.traffic.push_back({name, percent.get<int>()});
    sum += percent.get<int>();
  }
  if (sum != 0 && sum != 100) {
    return fail(ErrorCode::invalid, fmt::format("the traffic sums to {}", sum), "/traffic",
                "it must sum to 100, or to 0 for none");
  }
  for (const auto& [name, percent] : member(document, "mirror_traffic").items()) {
    const auto pointer = "/mirror_traffic/" + escape_pointer_token(name);
    CICLO_CHECK(check_name(settings, name, pointer));
    settings.mirror = MirrorSettings{name, percent.get<int>()};
    for (const auto& share : settings.traffic) {
      if (share.deployment == name && share.percent > 0) {
        return fail(ErrorCode::invalid, fmt::format("'{}' takes traffic of its own and cannot be mirrored to", name),
                    pointer);
      }
    }
  }
  return {};
}

}  // namespace

Result<ScorerSettings> parse_settings(const Json& document, const std::filesystem::path& folder) {
  CICLO_TRY(const auto schema_json, parse_json(settings_schema));
  CICLO_TRY(const auto schema, JsonSchema::compile(schema_json));
  CICLO_CHECK(schema.validate(document));
  ScorerSettings settings;
  settings.workspace = text_or(document, "workspace", "default");
  settings.endpoint = text_or(document, "endpoint");
  settings.address = text_or(document, "address", settings.address);
  settings.port = number_or<std::uint16_t>(document, "port", 0);
  settings.port_file = path_from(folder, text_or(document, "port_file"));
  settings.io_threads = number_or<int>(document, "io_threads", settings.io_threads);
  settings.worker_threads = number_or<int>(document, "worker_threads", settings.worker_threads);
  settings.max_body_bytes = number_or<std::size_t>(document, "max_body_bytes", settings.max_body_bytes);
  settings.certificate_file = path_from(folder, text_or(member(document, "tls"), "certificate_file")).string();
  settings.key_file = path_from(folder, text_or(member(document, "tls"), "key_file")).string();
  settings.collection_folder = path_from(folder, text_or(member(document, "collection"), "folder"));
  settings.log_file = path_from(folder, text_or(member(document, "log"), "file"));
  settings.log_level = text_or(member(document, "log"), "level", settings.log_level);
  CICLO_TRY(settings.auth, read_auth(member(document, "auth")));
  const auto& deployments = member(document, "deployments");
  for (std::size_t i = 0; i < deployments.size(); ++i) {
    const auto pointer = fmt::format("/deployments/{}", i);
    CICLO_TRY(auto deployment, read_deployment(deployments[i], folder, pointer));
    if (std::ranges::any_of(settings.deployments, [&](const auto& other) { return other.name == deployment.name; })) {
      return fail(ErrorCode::invalid, fmt::format("there are two deployments named '{}'", deployment.name),
                  pointer + "/name");
    }
    settings.deployments.push_back(std::move(deployment));
  }
  CICLO_CHECK(read_traffic(document, settings));
  return settings;
}

Result<ScorerSettings> read_settings(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::not_found, "cannot read the configuration file", file.string());
  std::stringstream text;
  text << in.rdbuf();
  auto settings = [&]() -> Result<ScorerSettings> {
    CICLO_TRY(const auto document, parse_json(text.str()));
    return parse_settings(document, std::filesystem::absolute(file).parent_path());
  }();
  if (!settings) {
    auto error = std::move(settings).error();
    error.target = file.string() + (error.target.empty() ? "" : ": " + error.target);
    return std::unexpected(std::move(error));
  }
  return settings;
}

}  // namespace ciclo::scoring
