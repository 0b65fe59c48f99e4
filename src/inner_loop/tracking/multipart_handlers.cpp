// MLflow's multipart upload: create gives an address on this server for each part, the parts are PUT there in any order
// and several at once, each answered with an ETag, and complete names them all. Nothing is to be seen before that.
//
// The addresses need no credential (platform/tokens/signed_link.hpp): MLflow's clients send none to them.
#include <fmt/format.h>

#include "inner_loop/tracking/arguments.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"
#include "platform/blobs/uploads.hpp"
#include "platform/http/content_fields.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_part_bytes = std::size_t{64} << 30U;
constexpr std::size_t part_read_bytes = std::size_t{512} << 10U;
// The list of all parts with their addresses.
constexpr std::size_t max_complete_bytes = std::size_t{16} << 20U;
constexpr std::chrono::seconds part_link_life = std::chrono::hours(24);
constexpr std::string_view owner = "mlflow-multipart";

// The file's name in a path on the client's machine, which may be one of Windows.
std::string file_name_of(const std::string& local) {
  const bool is_windows = local.starts_with("\\\\") || (local.size() > 2 && local[1] == ':' && local[2] == '\\');
  return local.substr(local.find_last_of(is_windows ? "\\/" : "/") + 1);
}

struct Target {
  std::string path;  // of the proxy
  std::string key;
};

// The folder that the address names, and the name of the file that the body does.
Result<Target> target_of(const http::Request& request, const Arguments& arguments) {
  CICLO_TRY(const auto local, arguments.required_text("path"));
  std::string folder = request.parameter("path");
  while (folder.ends_with('/')) folder.pop_back();
  Target target{.path = folder.empty() ? file_name_of(local) : folder + "/" + file_name_of(local), .key = {}};
  CICLO_TRY(target.key, writable_artifact_key(workspace_of(request), target.path));
  return target;
}

// Fails with not_found for an upload of another file or workspace.
Result<blobs::UploadInfo> upload_of(blobs::BlobStore& blobs, const std::string& id, const std::string& key) {
  CICLO_TRY(auto upload, blobs.uploads().find(id));
  if (upload.key == key && upload.owner == owner) return upload;
  return fail(ErrorCode::not_found, "there is no such upload of this file", "upload_id");
}

std::string root_of(const http::Request& request) {
  const std::string& workspace = request.parameter("workspace");
  return workspace.empty() ? "" : "/workspaces/" + workspace;
}

Result<http::Response> create(const ArtifactParts& parts, const http::Request& request) {
  if (!parts.make_link) return fail(ErrorCode::unsupported, "Multipart upload is not supported");
  CICLO_TRY(const auto arguments, Arguments::of(request));
  CICLO_TRY(const Target target, target_of(request, arguments));
  CICLO_TRY(const auto count, arguments.integer("num_parts"));
  const std::int64_t wanted = count.value_or(1);
  if (wanted < 0 || wanted > static_cast<std::int64_t>(blobs::max_parts))
    return fail(ErrorCode::invalid, fmt::format("Invalid value {} for parameter 'num_parts'", wanted), "num_parts",
                fmt::format("expected 0 to {}; send larger parts", blobs::max_parts));
  CICLO_TRY(const auto upload,
            parts.blobs.uploads().begin(
                {.key = target.key, .owner = std::string(owner), .parts = static_cast<std::size_t>(wanted)}));
  Json credentials = Json::array();
  for (std::int64_t number = 1; number <= wanted; ++number) {
    CICLO_TRY(auto url, parts.make_link({.asked_by = request,
                                         .method = http::Method::put,
                                         .path = fmt::format("{}/api/2.0/mlflow-artifacts/mpu/part/{}/{}/{}",
                                                             root_of(request), upload.id, number, target.path),
                                         .life = part_link_life}));
    credentials.push_back({{"url", std::move(url)}, {"part_number", number}, {"headers", Json::object()}});
  }
  return http::Response::json({{"upload_id", upload.id}, {"credentials", std::move(credentials)}});
}

Result<http::Response> put_part(blobs::BlobStore& blobs, const http::Request& request) {
  const std::string& id = request.parameter("upload_id");
  CICLO_TRY(const auto key, writable_artifact_key(workspace_of(request), request.parameter("path")));
  CICLO_CHECK(upload_of(blobs, id, key));
  CICLO_TRY(const auto number, parse_experiment_id(request.parameter("part_number")));
  if (number < 1) return fail(ErrorCode::invalid, "parts are numbered from 1", "part_number");
  CICLO_TRY(const auto announced, http::announced_sha256(request.headers));
  CICLO_TRY(const auto part, blobs.uploads().put_part(id, static_cast<std::size_t>(number), announced.value_or(""),
                                                      [&request] { return request.stream->read(part_read_bytes); }));
  auto response = http::Response::json(Json::object());
  describe_blob(response, part.sha256);
  return response;
}

Result<std::vector<blobs::Part>> named_parts(const Arguments& arguments) {
  std::vector<blobs::Part> parts;
  for (const Json& item : arguments.field("parts")) {
    const Arguments fields(item);
    CICLO_TRY(const auto number, fields.integer("part_number"));
    CICLO_TRY(std::string tag, fields.text("etag"));
    if (!number || *number < 1 || tag.empty())
      return fail(ErrorCode::invalid, "every part needs its part_number and the etag that was answered", "parts");
    if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    parts.push_back({.number = static_cast<std::size_t>(*number), .sha256 = std::move(tag)});
  }
  return parts;
}

Result<http::Response> complete(const ArtifactParts& parts, const http::Request& request) {
  CICLO_TRY(const auto arguments, Arguments::of(request));
  CICLO_TRY(const Target target, target_of(request, arguments));
  CICLO_TRY(const auto id, arguments.required_text("upload_id"));
  CICLO_CHECK(upload_of(parts.blobs, id, target.key));
  CICLO_TRY(auto named, named_parts(arguments));
  CICLO_TRY(const auto stored, parts.blobs.uploads().join(id, std::move(named)));
  auto response = http::Response::json(Json::object());
  describe_blob(response, stored.sha256);
  return response;
}

// One that is gone already is no error: the client wants it gone.
Result<http::Response> abort(const ArtifactParts& parts, const http::Request& request) {
  CICLO_TRY(const auto arguments, Arguments::of(request));
  CICLO_TRY(const Target target, target_of(request, arguments));
  CICLO_TRY(const auto id, arguments.required_text("upload_id"));
  const auto upload = upload_of(parts.blobs, id, target.key);
  if (upload) CICLO_CHECK(parts.blobs.uploads().abandon(id));
  return http::Response::json(Json::object());
}

}  // namespace

Result<void> add_multipart_routes(http::Router& router, const ArtifactParts& artifacts) {
  MlflowRoutes routes(router);
  using Act = Result<http::Response> (*)(const ArtifactParts&, const http::Request&);
  struct Step {
    std::string_view name;
    Act act;
  };
  for (const std::string_view api : {"/api/2.0", "/ajax-api/2.0"}) {
    const std::string base = fmt::format("{}/mlflow-artifacts/mpu", api);
    for (const Step& step : {Step{"create", create}, Step{"complete", complete}, Step{"abort", abort}})
      CICLO_CHECK(routes.add_raw(
          {.method = http::Method::post,
           .path = fmt::format("{}/{}/{{path*}}", base, step.name),
           .action = "storage/write",
           .summary = fmt::format("MLflow: {} a multipart upload", step.name),
           .body_limit = max_complete_bytes,
           .handler = [artifacts, act = step.act](http::Request& request) { return act(artifacts, request); },
           .concerns = {concerns::artifact()}}));
    CICLO_CHECK(routes.add_raw(
        {.method = http::Method::put,
         .path = base + "/part/{upload_id}/{part_number}/{path*}",
         .action = "storage/write",
         .summary = "Store a part of a multipart upload",
         .body = http::BodyMode::streamed,
         .body_limit = max_part_bytes,
         .handler = [&blobs = artifacts.blobs](http::Request& request) { return put_part(blobs, request); },
         .concerns = {concerns::artifact()}}));
  }
  return {};
}

}  // namespace ciclo::tracking
