// The artifacts of a run over Ciclo's own API: the same requests and answers as the paths of a datastore.
#include <fmt/format.h>

#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/concerns.hpp"
#include "inner_loop/tracking/handlers.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t largest_upload = std::size_t{1} << 40U;

struct Folder {
  RunService& runs;
  blobs::BlobStore& blobs;
};

Result<std::string> key_of(const Folder& folder, const http::Request& request) {
  const std::string& workspace = request.parameter("workspace");
  CICLO_TRY(const auto run, folder.runs.get({.workspace = workspace, .run_id = request.parameter("run_id")}));
  const bool is_root = !request.parameters.contains("path");
  return artifact_key(workspace, run.artifact_uri, is_root ? "" : request.parameter("path"));
}

// Of what is changed: the folder of all of a run's artifacts is none.
Result<std::string> changed_key(const Folder& folder, const http::Request& request) {
  if (request.parameter("path").find_first_not_of('/') == std::string::npos)
    return fail(ErrorCode::invalid, "the path is empty", "path", "name a file or folder among the run's artifacts");
  return key_of(folder, request);
}

Result<http::Response> get(const Folder& folder, http::Request& request) {
  CICLO_TRY(const auto key, key_of(folder, request));
  return data_estate::send_path(folder.blobs, key, request);
}

Result<http::Response> put(const Folder& folder, http::Request& request) {
  CICLO_TRY(const auto key, changed_key(folder, request));
  CICLO_TRY(const auto stored, receive_blob(folder.blobs, key, request));
  auto response = http::Response::json(
      {{"path", request.parameter("path")}, {"size", stored.size}, {"sha256", stored.sha256}}, 201);
  describe_blob(response, stored.sha256);
  return response;
}

Result<http::Response> remove(const Folder& folder, http::Request& request) {
  CICLO_TRY(const auto key, changed_key(folder, request));
  CICLO_TRY(const auto below, folder.blobs.list(key));
  if (below.empty()) CICLO_CHECK(folder.blobs.open(key));
  CICLO_CHECK(data_estate::remove_path(folder.blobs, key));
  return http::Response::empty();
}

}  // namespace

Result<void> add_run_artifact_routes(http::Router& router, RunService& runs, blobs::BlobStore& blobs) {
  using Act = Result<http::Response> (*)(const Folder&, http::Request&);
  struct Entry {
    http::Method method;
    std::string_view below;
    std::string_view action;
    std::string_view summary;
    Act act;
  };
  const Folder folder{runs, blobs};
  for (const Entry& entry :
       {Entry{http::Method::get, "", "storage/read", "List the artifacts of a run", get},
        Entry{http::Method::get, "/{path*}", "storage/read", "Read an artifact of a run, or list a folder", get},
        Entry{http::Method::put, "/{path*}", "storage/write", "Store an artifact of a run", put},
        Entry{http::Method::del, "/{path*}", "storage/write", "Delete an artifact of a run, or a folder", remove}}) {
    http::Route route;
    route.method = entry.method;
    route.pattern = fmt::format("/api/v1/workspaces/{{workspace}}/runs/{{run_id}}/artifacts{}", entry.below);
    route.action = entry.action;
    route.summary = entry.summary;
    route.tag = "data";
    route.concerns = {concerns::run_by_path()};
    route.resource_kinds = concerns::kinds_of(route.concerns);
    if (entry.method == http::Method::put) {
      route.body = http::BodyMode::streamed;
      route.body_limit = largest_upload;
    }
    route.handler = [folder, act = entry.act](http::Request& request) { return act(folder, request); };
    CICLO_CHECK(router.add(std::move(route)));
  }
  return {};
}

}  // namespace ciclo::tracking
