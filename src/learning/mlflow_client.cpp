#include "learning/mlflow_client.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "base/text.hpp"

namespace ciclo::learning {
namespace {

// About half a minute in all: long enough for a server that is started again.
constexpr int max_attempts = 8;

std::chrono::milliseconds pause_before(int attempt) {
  return std::chrono::milliseconds(125) * (1 << attempt);
}

constexpr std::size_t metrics_per_batch = 1000;  // MLflow's limits
constexpr std::size_t parameters_per_batch = 100;
constexpr std::size_t max_parameter_length = 6000;

bool may_help_to_repeat(const Result<http::ClientResponse>& answer) {
  if (!answer) return answer.error().code == ErrorCode::unavailable || answer.error().code == ErrorCode::timeout;
  return answer->status == 429 || answer->status >= 500;
}

ErrorCode code_of_status(int status) {
  switch (status) {
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::denied;
    case 404: return ErrorCode::not_found;
    case 409: return ErrorCode::conflict;
    case 413: return ErrorCode::too_large;
    case 429: return ErrorCode::quota;
    default: return status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid;
  }
}

Error error_of(const http::ClientResponse& answer, const std::string& url) {
  Error error{code_of_status(answer.status), {}, url, {}, {}};
  const auto body = parse_json(answer.body);
  const std::string code = body ? text_or(*body, "error_code") : "";
  if (code == "RESOURCE_ALREADY_EXISTS") error.code = ErrorCode::already_exists;
  if (code == "RESOURCE_DOES_NOT_EXIST") error.code = ErrorCode::not_found;
  error.message = body ? text_or(*body, "message") : "";
  if (error.message.empty()) error.message = fmt::format("the server answered with HTTP status {}", answer.status);
  return error;
}

std::string encode_path(const std::string& path) {
  std::vector<std::string> segments = split(path, '/');
  for (std::string& segment : segments) segment = http::percent_encode(segment);
  return join(segments, "/");
}

Json number_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

RegisteredVersion version_from(const Json& json) {
  RegisteredVersion version{text_or(json, "name"), text_or(json, "version"), text_or(json, "source"),
                            text_or(json, "run_id"), Json::object()};
  if (version.version.empty() && member(json, "version").is_number())
    version.version = to_text(member(json, "version"));
  for (const Json& tag : member(json, "tags")) version.tags[text_or(tag, "key")] = text_or(tag, "value");
  return version;
}

// "1/abc/artifacts" of "mlflow-artifacts:/1/abc/artifacts", also with a host, which is the tracking server; nothing for
// other places.
std::optional<std::string> served_path(const std::string& uri) {
  constexpr std::string_view scheme = "mlflow-artifacts:";
  if (!uri.starts_with(scheme)) return std::nullopt;
  std::string below = uri.substr(scheme.size());
  if (below.starts_with("//")) below = below.substr(std::min(below.size(), below.find('/', 2)));
  while (below.starts_with('/')) below.erase(0, 1);
  return below;
}

Json pairs(const Parameters& values) {
  Json list = Json::array();
  for (const auto& [key, value] : values) list.push_back({{"key", key}, {"value", value}});
  return list;
}

}  // namespace

MlflowClient::MlflowClient(MlflowSettings settings, const Clock& clock)
    : settings_(std::move(settings)), clock_(clock), http_([this] {
        http::ClientSettings http;
        if (!settings_.token.empty()) http.default_headers.set("authorization", "Bearer " + settings_.token);
        return http;
      }()) {
  while (settings_.tracking_uri.ends_with('/')) settings_.tracking_uri.pop_back();
}

Result<http::ClientResponse> MlflowClient::send(http::ClientRequest request, bool repeat,
                                                const std::function<void()>& rewind) {
  auto answer = http_.send(request);
  for (int attempt = 1; repeat && attempt < max_attempts && may_help_to_repeat(answer); ++attempt) {
    std::this_thread::sleep_for(pause_before(attempt));
    if (rewind) rewind();
    answer = http_.send(request);
  }
  if (!answer) return answer;
  if (answer->status < 200 || answer->status >= 300) return Failure(error_of(*answer, request.url));
  return answer;
}

Result<Json> MlflowClient::call(http::Method method, const std::string& path, const Json& body, bool repeat) {
  http::ClientRequest request;
  request.method = method;
  request.url = settings_.tracking_uri + "/api/2.0/mlflow/" + path;
  if (method != http::Method::get) {
    request.body = to_text(body);
    request.headers.set("content-type", "application/json");
  }
  CICLO_TRY(const http::ClientResponse answer, send(std::move(request), repeat));
  return parse_json(answer.body.empty() ? "{}" : answer.body);
}

Result<void> MlflowClient::log_batch(const Json& metrics, const Json& parameters, const Json& tags) {
  const Json body = {{"run_id", settings_.run_id}, {"metrics", metrics}, {"params", parameters}, {"tags", tags}};
  CICLO_CHECK(call(http::Method::post, "runs/log-batch", body));
  return {};
}

Result<Json> MlflowClient::run_info(const std::string& run_id) {
  CICLO_TRY(const Json answer, call(http::Method::get, "runs/get?run_id=" + http::percent_encode(run_id), {}));
  return at_pointer(answer, "/run/info");
}

Result<void> MlflowClient::upload(const std::filesystem::path& file, const std::string& artifact_path) {
  CICLO_TRY(const Json info, run_info());
  const auto below = served_path(text_or(info, "artifact_uri"));
  if (!below) {
    return fail(ErrorCode::unsupported, "the run keeps its artifacts where this program cannot write",
                text_or(info, "artifact_uri"), "start the tracking server with --serve-artifacts");
  }
  std::error_code error;
  http::ClientRequest request;
  request.method = http::Method::put;
  request.url = settings_.tracking_uri + "/api/2.0/mlflow-artifacts/artifacts/" + encode_path(*below) + "/" +
                encode_path(artifact_path);
  request.headers.set("content-type", "application/octet-stream");
  request.body_length = std::filesystem::file_size(file, error);
  auto in = std::make_shared<std::ifstream>(file, std::ios::binary);
  if (error || !*in) return fail(ErrorCode::not_found, "the file cannot be read", file.string());
  request.body_stream = [in]() -> Result<std::string> {
    std::string piece(1U << 16U, '\0');
    in->read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in->gcount()));
    return piece;
  };
  const auto rewind = [in] {
    in->clear();
    in->seekg(0);
  };
  CICLO_CHECK(send(std::move(request), true, rewind));
  return {};
}

Result<void> MlflowClient::ensure_model(const std::string& name, const std::string& description) {
  const auto made =
      call(http::Method::post, "registered-models/create", {{"name", name}, {"description", description}});
  if (!made && made.error().code != ErrorCode::already_exists) return Failure(made.error());
  return {};
}

Result<RegisteredVersion> MlflowClient::create_version(const NewVersion& version) {
  const Json body = {{"name", version.name},
                     {"source", version.source},
                     {"run_id", version.run_id},
                     {"description", version.description},
                     {"tags", pairs(version.tags)}};
  auto answer = call(http::Method::post, "model-versions/create", body, false);
  for (int attempt = 1; !answer && answer.error().code == ErrorCode::unavailable && attempt < max_attempts; ++attempt) {
    std::this_thread::sleep_for(pause_before(attempt));
    // The answer may have been lost after the version was made.
    CICLO_TRY(const auto made, version_of_source(version));
    if (made) return *made;
    answer = call(http::Method::post, "model-versions/create", body, false);
  }
  if (!answer) return Failure(answer.error());
  return version_from(member(*answer, "model_version"));
}

Result<std::optional<RegisteredVersion>> MlflowClient::version_of_source(const NewVersion& version) {
  const std::string filter = http::percent_encode(fmt::format("run_id = '{}'", version.run_id));
  CICLO_TRY(const Json answer, call(http::Method::get, "model-versions/search?filter=" + filter, {}));
  for (const Json& found : member(answer, "model_versions"))
    if (text_or(found, "name") == version.name && text_or(found, "source") == version.source)
      return version_from(found);
  return std::nullopt;
}

Result<std::optional<RegisteredVersion>> MlflowClient::version_by_alias(const std::string& name,
                                                                        const std::string& alias) {
  const auto answer =
      call(http::Method::get,
           "registered-models/alias?name=" + http::percent_encode(name) + "&alias=" + http::percent_encode(alias), {});
  // MLflow answers 400 for a missing alias, 404 for a missing model.
  if (!answer && (answer.error().code == ErrorCode::not_found || answer.error().code == ErrorCode::invalid))
    return std::nullopt;
  if (!answer) return Failure(answer.error());
  return version_from(member(*answer, "model_version"));
}

Result<std::string> MlflowClient::artifact_url(const RegisteredVersion& version, const std::string& path) {
  const std::string which =
      fmt::format("name={}&version={}", http::percent_encode(version.name), http::percent_encode(version.version));
  CICLO_TRY(const Json answer, call(http::Method::get, "model-versions/get-download-uri?" + which, {}));
  std::string uri = text_or(answer, "artifact_uri");
  if (constexpr std::string_view scheme = "runs:/"; uri.starts_with(scheme)) {
    const std::size_t slash = uri.find('/', scheme.size());
    CICLO_TRY(const Json info, run_info(uri.substr(scheme.size(), slash - scheme.size())));
    uri = text_or(info, "artifact_uri") + (slash == std::string::npos ? "" : uri.substr(slash));
  }
  if (const auto below = served_path(uri)) {
    return fmt::format("{}/api/2.0/mlflow-artifacts/artifacts/{}/{}", settings_.tracking_uri, encode_path(*below),
                       encode_path(path));
  }
  return fmt::format("{}/model-versions/get-artifact?{}&path={}", settings_.tracking_uri, which,
                     http::percent_encode(path));
}

Result<void> MlflowClient::download(const RegisteredVersion& version, const std::string& path,
                                    const std::filesystem::path& target) {
  http::ClientRequest request;
  CICLO_TRY(request.url, artifact_url(version, path));
  CICLO_TRY(const http::ClientResponse answer, send(std::move(request), true));
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  out.write(answer.body.data(), static_cast<std::streamsize>(answer.body.size()));
  if (!out.flush()) return fail(ErrorCode::internal, "the file cannot be written", target.string());
  return {};
}

Result<void> MlflowRunLog::parameters(const Parameters& values) {
  for (std::size_t from = 0; from < values.size(); from += parameters_per_batch) {
    Parameters part(values.begin() + static_cast<std::ptrdiff_t>(from),
                    values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), from + parameters_per_batch)));
    for (auto& [key, value] : part) value.resize(std::min(value.size(), max_parameter_length));
    CICLO_CHECK(client_.log_batch(Json::array(), pairs(part), Json::array()));
  }
  return {};
}

Result<void> MlflowRunLog::tags(const Parameters& values) {
  return client_.log_batch(Json::array(), Json::array(), pairs(values));
}

Result<void> MlflowRunLog::metrics(const Metrics& values, std::int64_t step) {
  Json list = Json::array();
  const std::int64_t now = to_unix_ms(clock_.now());
  for (const auto& [key, value] : values)
    list.push_back({{"key", key}, {"value", number_json(value)}, {"timestamp", now}, {"step", step}});
  return client_.log_batch(list, Json::array(), Json::array());
}

Result<void> MlflowRunLog::series(const std::string& metric, const std::vector<double>& values) {
  const std::int64_t now = to_unix_ms(clock_.now());
  for (std::size_t from = 0; from < values.size(); from += metrics_per_batch) {
    Json list = Json::array();
    for (std::size_t i = from; i < std::min(values.size(), from + metrics_per_batch); ++i)
      list.push_back({{"key", metric}, {"value", number_json(values[i])}, {"timestamp", now}, {"step", i + 1}});
    CICLO_CHECK(client_.log_batch(list, Json::array(), Json::array()));
  }
  return {};
}

Result<void> MlflowRunLog::artifact(const std::filesystem::path& file, const std::string& path) {
  return client_.upload(file, path);
}

}  // namespace ciclo::learning
