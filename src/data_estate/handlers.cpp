#include "data_estate/handlers.hpp"

#include <fmt/format.h>

#include "data_estate/blob_transfer.hpp"

namespace ciclo::data_estate {
namespace {

constexpr std::size_t largest_upload = std::size_t{1} << 40U;

struct DataParts {
  const Locations& locations;
  blobs::BlobStore& blobs;
};

// The blob that a datastore's path means. Fails with unsupported for a datastore whose files lie elsewhere.
Result<std::string> key_of(const DataParts& parts, const http::Request& request) {
  std::string path = request.parameter("path");
  while (path.ends_with('/')) path.pop_back();
  const std::string reference = fmt::format("azureml://datastores/{}/paths/{}", request.parameter("datastore"), path);
  CICLO_TRY(const Location location, parts.locations.resolve({.caller = resources::caller_of(request),
                                                              .workspace = request.parameter("workspace"),
                                                              .reference = reference}));
  if (location.place == Place::blobs) return location.key;
  return fail(ErrorCode::unsupported, fmt::format("'{}' does not lie on this server", reference));
}

Result<http::Response> get_path(const DataParts& parts, http::Request& request) {
  CICLO_TRY(const std::string key, key_of(parts, request));
  return send_path(parts.blobs, key, request);
}

Result<http::Response> put_path(const DataParts& parts, http::Request& request) {
  CICLO_TRY(const std::string key, key_of(parts, request));
  CICLO_TRY(const auto stored, receive_blob(parts.blobs, key, request));
  auto response = http::Response::json(
      {{"path", request.parameter("path")}, {"size", stored.size}, {"sha256", stored.sha256}}, 201);
  describe_blob(response, stored.sha256);
  return response;
}

Result<http::Response> delete_path(const DataParts& parts, http::Request& request) {
  CICLO_TRY(const std::string key, key_of(parts, request));
  CICLO_CHECK(remove_path(parts.blobs, key));
  return http::Response::empty();
}

}  // namespace

Result<void> add_datastore_routes(http::Router& router, const Locations& locations, blobs::BlobStore& blobs) {
  using Function = Result<http::Response> (*)(const DataParts&, http::Request&);
  struct Entry {
    http::Method method;
    const char* pattern;
    const char* action;
    const char* summary;
    Function function;
  };
  static constexpr const char* paths = "/datastores/{datastore}/paths/{path*}";
  const DataParts parts{locations, blobs};
  for (const Entry& entry :
       {Entry{http::Method::get, paths, "storage/read", "Read a file, or list a folder", get_path},
        Entry{http::Method::put, paths, "storage/write", "Store a file", put_path},
        Entry{http::Method::del, paths, "storage/write", "Delete a file or folder", delete_path}}) {
    http::Route route;
    route.method = entry.method;
    route.pattern = std::string("/api/v1/workspaces/{workspace}") + entry.pattern;
    route.action = entry.action;
    route.summary = entry.summary;
    route.tag = "data";
    if (entry.method == http::Method::put) {
      route.body = http::BodyMode::streamed;
      route.body_limit = largest_upload;
    }
    route.handler = [parts, function = entry.function](http::Request& request) { return function(parts, request); };
    CICLO_CHECK(router.add(std::move(route)));
  }
  return {};
}

}  // namespace ciclo::data_estate
