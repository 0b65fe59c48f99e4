#include "data_estate/upload_handlers.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "data_estate/blob_transfer.hpp"
#include "platform/blobs/checksum.hpp"
#include "platform/blobs/uploads.hpp"
#include "platform/http/content_fields.hpp"

namespace ciclo::data_estate {
namespace {

constexpr std::size_t largest_upload = std::size_t{1} << 40U;
constexpr std::string_view action = "storage/write";
constexpr std::size_t piece_bytes = std::size_t{512} << 10U;

struct UploadParts {
  const Locations& locations;
  blobs::BlobStore& blobs;
};

// Whose upload it is, and in which workspace.
std::string owner_of(const http::Request& request) {
  const auto& caller = resources::caller_of(request);
  return fmt::format("{}\n{}\n{}", request.parameter("workspace"), caller.principal, caller.on_behalf_of);
}

// Asked again with every request: a role may have been withdrawn meanwhile.
Result<void> may_write(const UploadParts& parts, const http::Request& request, const std::string& key) {
  return parts.locations.require({resources::caller_of(request), action, request.parameter("workspace"), key});
}

Failure no_file(const std::string& target) {
  return fail(ErrorCode::invalid, fmt::format("'{}' is no file that can be uploaded", target), "/target",
              "name azureml://datastores/<datastore>/paths/<path>, runs:/<run>/<path> or mlflow-artifacts:/<path>");
}

// Only forms that name a place, never an asset or another workspace: what those are does not change.
Result<std::string> key_of(const UploadParts& parts, const http::Request& request, const std::string& target) {
  static constexpr std::array<std::string_view, 3> forms = {"azureml://datastores/", "runs:/", "mlflow-artifacts:/"};
  // What lies directly below a form's folder of a workspace: the files begin one segment further down.
  static constexpr std::size_t shortest = 4;  // <workspace>/mlflow/<experiment>/<path>, <workspace>/datastores/D/<path>
  const auto form = std::ranges::find_if(forms, [&](std::string_view each) { return target.starts_with(each); });
  if (form == forms.end() || target.ends_with('/')) return no_file(target);
  const std::string_view rest = trim(std::string_view(target).substr(form->size()));
  const bool is_run = *form == "runs:/";
  const std::size_t names = split(rest, '/').size();
  if (rest.starts_with('@') || rest.starts_with('/') || (is_run && names < 2)) return no_file(target);
  const std::string& workspace = request.parameter("workspace");
  CICLO_TRY(
      const Location location,
      parts.locations.resolve({.caller = resources::caller_of(request), .workspace = workspace, .reference = target}));
  if (location.place != Place::blobs || location.workspace != workspace) return no_file(target);
  if (split(location.key, '/').size() < shortest) return no_file(target);
  CICLO_CHECK(may_write(parts, request, location.key));
  return location.key;
}

// The same for the same bytes, place and caller: who asks again goes on.
std::string id_of(const blobs::NewUpload& upload) {
  if (upload.sha256.empty()) return {};
  blobs::Sha256 sum;
  sum.add(fmt::format("upload\n{}\n{}\n{}\n{}", upload.owner, upload.key, upload.size.value_or(0), upload.sha256));
  return sum.finish().substr(0, 32);
}

Json to_json(const blobs::UploadInfo& upload) {
  Json json{{"id", upload.id},
            {"offset", upload.offset},
            {"complete", upload.is_complete},
            {"expires_at", format_rfc3339(from_unix_ms(upload.expires_at_ms))}};
  if (upload.size) json["size"] = *upload.size;
  if (!upload.sha256.empty()) json["sha256"] = upload.sha256;
  return json;
}

void add_fields(http::Response& response, const blobs::UploadInfo& upload) {
  response.headers.set("upload-offset", std::to_string(upload.offset));
  if (upload.size) response.headers.set("upload-length", std::to_string(*upload.size));
  response.headers.set("upload-complete", upload.is_complete ? "?1" : "?0");
}

// An upload of the caller's own; of one of somebody else nothing is told.
Result<blobs::UploadInfo> own_upload(const UploadParts& parts, const http::Request& request) {
  CICLO_TRY(auto upload, parts.blobs.uploads().find(request.parameter("id")));
  if (upload.owner == owner_of(request) && !upload.parts) {
    CICLO_CHECK(may_write(parts, request, upload.key));
    return upload;
  }
  return fail(ErrorCode::not_found, "there is no such upload", "upload",
              "it was abandoned, or nothing happened in it for too long: begin it again");
}

Result<blobs::NewUpload> wish_of(const UploadParts& parts, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  blobs::NewUpload wish{.key = {}, .owner = owner_of(request), .size = std::nullopt, .sha256 = {}, .parts = {}};
  if (const Json& size = member(body, "size"); !size.is_null()) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > largest_upload)
      return fail(ErrorCode::invalid, "expected the number of bytes", "/size", fmt::format("0 to {}", largest_upload));
    wish.size = size.get<std::uint64_t>();
  }
  wish.sha256 = text_or(body, "sha256");
  if (!wish.sha256.empty() && !blobs::is_sha256(wish.sha256))
    return fail(ErrorCode::invalid, "expected a SHA-256", "/sha256", "64 lower-case hexadecimal digits");
  CICLO_TRY(wish.key, key_of(parts, request, text_or(body, "target")));
  wish.id = id_of(wish);
  return wish;
}

Result<http::Response> begin(const UploadParts& parts, http::Request& request) {
  CICLO_TRY(const auto wish, wish_of(parts, request));
  CICLO_TRY(const auto upload, parts.blobs.uploads().begin(wish));
  auto response = http::Response::json(to_json(upload), upload.offset > 0 || upload.is_complete ? 200 : 201);
  add_fields(response, upload);
  response.headers.set("location",
                       fmt::format("/api/v1/workspaces/{}/uploads/{}", request.parameter("workspace"), upload.id));
  return response;
}

Result<http::Response> show(const UploadParts& parts, http::Request& request) {
  CICLO_TRY(const auto upload, own_upload(parts, request));
  auto response = http::Response::json(to_json(upload));
  add_fields(response, upload);
  return response;
}

Result<std::uint64_t> offset_of(const http::Request& request) {
  const auto field = request.headers.find("upload-offset");
  const std::string_view text = trim(field.value_or(""));
  std::uint64_t offset = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (!text.empty() && end.ec == std::errc() && end.ptr == text.data() + text.size()) return offset;
  return fail(ErrorCode::invalid, "the header Upload-Offset is needed", "upload-offset",
              "the number of the first byte that is sent; HEAD tells where the upload stands");
}

Result<http::Response> append(const UploadParts& parts, http::Request& request) {
  CICLO_TRY(const auto upload, own_upload(parts, request));
  CICLO_TRY(const auto offset, offset_of(request));
  for (const std::string_view name : {"repr-digest", "content-digest", "digest", "x-ciclo-sha256"})
    if (request.headers.find(name))
      return fail(ErrorCode::invalid, "a single piece's digest is not looked at", std::string(name),
                  "announce the SHA-256 of the whole when the upload begins or is completed");
  CICLO_TRY(const auto now,
            parts.blobs.uploads().append(upload.id, offset, [&request] { return request.stream->read(piece_bytes); }));
  http::Response response = http::Response::empty();
  add_fields(response, now);
  return response;
}

Result<http::Response> complete(const UploadParts& parts, http::Request& request) {
  CICLO_TRY(const auto upload, own_upload(parts, request));
  CICLO_TRY(const Json body, request.json());
  const std::string sum = text_or(body, "sha256");
  if (!sum.empty() && !blobs::is_sha256(sum))
    return fail(ErrorCode::invalid, "expected a SHA-256", "/sha256", "64 lower-case hexadecimal digits");
  CICLO_TRY(const auto stored, parts.blobs.uploads().complete(upload.id, sum));
  auto response = http::Response::json({{"id", upload.id}, {"size", stored.size}, {"sha256", stored.sha256}}, 201);
  describe_blob(response, stored.sha256);
  return response;
}

Result<http::Response> abandon(const UploadParts& parts, http::Request& request) {
  CICLO_TRY(const auto upload, own_upload(parts, request));
  CICLO_CHECK(parts.blobs.uploads().abandon(upload.id));
  return http::Response::empty();
}

}  // namespace

Result<void> add_upload_routes(http::Router& router, const Locations& locations, blobs::BlobStore& blobs) {
  using Function = Result<http::Response> (*)(const UploadParts&, http::Request&);
  struct Entry {
    http::Method method;
    const char* pattern;
    const char* summary;
    Function function;
  };
  const UploadParts parts{locations, blobs};
  for (const Entry& entry : {Entry{http::Method::post, "/uploads", "Begin a resumable upload, or go on with it", begin},
                             Entry{http::Method::get, "/uploads/{id}", "Show where an upload stands", show},
                             Entry{http::Method::patch, "/uploads/{id}", "Send the next bytes of an upload", append},
                             Entry{http::Method::post, "/uploads/{id}/complete", "Complete an upload", complete},
                             Entry{http::Method::del, "/uploads/{id}", "Abandon an upload", abandon}}) {
    http::Route route;
    route.method = entry.method;
    route.pattern = std::string("/api/v1/workspaces/{workspace}") + entry.pattern;
    route.action = action;
    // Whoever may write to one experiment gets in; what a target belongs to is judged when it is known.
    route.resource_kinds = {"experiment"};
    route.concerns = {{.what = "nothing", .field = {}, .action = {}}};
    route.summary = entry.summary;
    route.tag = "data";
    if (entry.method == http::Method::patch) {
      route.body = http::BodyMode::streamed;
      route.body_limit = largest_upload;
    }
    route.handler = [parts, function = entry.function](http::Request& request) { return function(parts, request); };
    CICLO_CHECK(router.add(std::move(route)));
  }
  return {};
}

}  // namespace ciclo::data_estate
