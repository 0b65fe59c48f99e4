#include "portability/rest_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/text.hpp"

namespace ciclo::portability {
namespace {

constexpr int max_tries = 5;
constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
constexpr std::size_t max_answer = std::size_t{512} << 20U;
constexpr int max_answer_depth = 256;  // four for each level of a value in a span

http::ClientSettings settings_of(const std::string& authorization) {
  http::ClientSettings settings;
  settings.default_headers.set("user-agent", "ciclo");
  if (!authorization.empty()) settings.default_headers.set("authorization", authorization);
  settings.timeout = std::chrono::minutes(10);
  settings.max_response_bytes = max_answer;
  const char* authority = std::getenv("CICLO_CA_FILE");  // NOLINT(concurrency-mt-unsafe): one thread
  if (authority != nullptr) settings.certificate_authority_file = authority;
  return settings;
}

ErrorCode code_of(int status) {
  switch (status) {
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::denied;
    case 404: return ErrorCode::not_found;
    case 405: return ErrorCode::unsupported;
    case 409: return ErrorCode::conflict;
    case 413: return ErrorCode::too_large;
    case 429: return ErrorCode::quota;
    case 501: return ErrorCode::unsupported;
    case 503: return ErrorCode::unavailable;
    default: return status < 500 ? ErrorCode::invalid : ErrorCode::internal;
  }
}

bool may_be_tried_again(const Result<http::ClientResponse>& response) {
  if (!response) return response.error().code == ErrorCode::unavailable;
  return response->status == 429 || response->status == 503;
}

// A file of no name, which is gone when its last descriptor is.
Result<std::shared_ptr<const int>> unnamed_file() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-XXXXXX").string();
  const int opened = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (opened < 0)
    return fail(ErrorCode::internal, fmt::format("cannot make a temporary file: {}", std::strerror(errno)));
  ::unlink(pattern.c_str());
  return std::shared_ptr<const int>(new int(opened), [](const int* fd) {
    ::close(*fd);
    delete fd;
  });
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0)
      return fail(ErrorCode::internal, fmt::format("cannot write a temporary file: {}", std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Error error_of(const http::ClientResponse& response) {
  Error error{code_of(response.status), fmt::format("the server answered with status {}", response.status), {}, {}, {}};
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return error;
  const Json& told = member(*body, "error").is_object() ? member(*body, "error") : *body;
  error.message = text_or(told, "message", error.message);
  error.target = text_or(told, "target");
  error.hint = text_or(told, "hint");
  return error;
}

bool is_of_item(const Error& error) {
  return error.code == ErrorCode::invalid || error.code == ErrorCode::not_found || error.code == ErrorCode::conflict ||
         error.code == ErrorCode::too_large || error.code == ErrorCode::unsupported;
}

Result<void> pass_over(const Error& error, std::string_view what, Gaps& gaps) {
  if (ends_all(error)) return Failure(error);
  if (is_of_item(error)) return {};
  gaps.insert(fmt::format("{}, which {}", what,
                          error.code == ErrorCode::denied ? "you may not see" : "the server could not give"));
  return {};
}

std::string encode_path(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) parts.push_back(http::percent_encode(part));
  return join(parts, "/");
}

RestClient::RestClient(std::string base, const std::string& authorization)
    : base_(std::move(base)), client_(settings_of(authorization)) {}

Result<Json> RestClient::send(http::ClientRequest request) {
  for (int turn = 1;; ++turn) {
    const auto response = client_.send(request);
    if (may_be_tried_again(response) && turn < max_tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100 << turn));
      continue;
    }
    if (!response) return Failure(response.error());
    if (response->status >= 300) return Failure(error_of(*response));
    if (response->body.empty()) return Json::object();
    return parse_json(response->body, {.max_bytes = max_answer, .max_depth = max_answer_depth});
  }
}

Result<Json> RestClient::post(const std::string& path, const std::string& body, const Fields& fields) {
  return send_json(http::Method::post, path, body, fields);
}

Result<Json> RestClient::send_json(http::Method method, const std::string& path, std::string body,
                                   const Fields& fields) {
  http::ClientRequest request{.method = method, .url = base_ + path};
  request.headers.set("content-type", "application/json");
  for (const auto& [name, value] : fields) request.headers.set(name, value);
  request.body = std::move(body);
  return send(std::move(request));
}

Result<Json> RestClient::patch(const std::string& path, const Json& body) {
  return send_json(http::Method::patch, path, to_text(body));
}

Result<Json> RestClient::remove(const std::string& path, const Json& body) {
  return send_json(http::Method::del, path, to_text(body));
}

Result<Json> RestClient::get(const std::string& path) {
  return send({.method = http::Method::get, .url = base_ + path});
}

Result<Bytes> RestClient::download(const std::string& path) {
  CICLO_TRY(const auto file, unnamed_file());
  http::ClientRequest request{.method = http::Method::get, .url = base_ + path};
  request.sink = [&](std::string_view piece) { return write_all(*file, piece); };
  CICLO_TRY(const auto response, client_.send(request));
  if (response.status >= 300) return Failure(error_of(response));
  if (::lseek(*file, 0, SEEK_SET) != 0) return fail(ErrorCode::internal, "cannot read a temporary file");
  return Bytes([file]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    const ssize_t got = ::read(*file, piece.data(), piece.size());
    if (got < 0) return fail(ErrorCode::internal, "cannot read a temporary file");
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  });
}

Result<void> RestClient::put(const std::string& path, std::uint64_t size, const Bytes& bytes) {
  http::ClientRequest request{.method = http::Method::put, .url = base_ + path};
  request.headers.set("content-type", "application/octet-stream");
  request.body_length = size;
  request.body_stream = bytes;
  CICLO_TRY(const auto response, client_.send(request));
  if (response.status >= 300) return Failure(error_of(response));
  return {};
}

}  // namespace ciclo::portability
