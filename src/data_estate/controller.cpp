#include "data_estate/controller.hpp"

#include <fmt/format.h>

namespace ciclo::data_estate {
namespace {

using resources::Caller;
using resources::Resource;
using resources::ResourceKey;

// A failure that will not go away by trying again.
bool is_final(const Error& error) {
  return error.code != ErrorCode::unavailable && error.code != ErrorCode::quota && error.code != ErrorCode::conflict;
}

}  // namespace

std::string profile_key(const ResourceKey& data) {
  return fmt::format("{}/profiles/data/{}/{}.json", data.workspace, data.name, data.version);
}

Result<Json> ProfileController::summary_of(const Resource& data) {
  const auto skip = [](std::string reason) { return Json{{"state", "skipped"}, {"reason", std::move(reason)}}; };
  CICLO_TRY(const Location location,
            locations_.resolve({Caller::system(), data.key.workspace, text_or(data.spec, "path"), "data"}));
  if (location.place == Place::remote) return skip("the data lies outside this server");
  const auto path = blobs_.local_path(location.key);
  if (!path) return skip("the blob store does not lie on this machine");
  auto made = profile(*path, limits_);
  if (!made && (made.error().code == ErrorCode::unsupported || made.error().code == ErrorCode::not_found ||
                made.error().code == ErrorCode::too_large))
    return skip(made.error().message);
  if (!made) return Failure(made.error());
  CICLO_CHECK(blobs_.put(profile_key(data.key), to_text(*made)));
  return Json{{"state", "ready"},
              {"rows", (*made)["rows"]},
              {"bytes", (*made)["bytes"]},
              {"columns", (*made)["columns"].size()},
              {"profiled_at", format_rfc3339(service_.parts().clock.now())}};
}

Result<std::optional<std::chrono::milliseconds>> ProfileController::reconcile(const ResourceKey& key) {
  const auto data = service_.get(Caller::system(), key);
  if (!data && data.error().code == ErrorCode::not_found) return std::nullopt;
  if (!data) return Failure(data.error());
  if (!member(data->status, "profile").is_null()) return std::nullopt;
  auto summary = summary_of(*data);
  if (!summary && !is_final(summary.error())) return Failure(summary.error());
  if (!summary) summary = Json{{"state", "failed"}, {"reason", summary.error().message}};
  const auto changed = service_.change_status(key,
                                              [&](Resource& resource) {
                                                resource.status["profile"] = *summary;
                                                return true;
                                              },
                                              {.event = "profiled"});
  if (!changed && changed.error().code != ErrorCode::not_found) return Failure(changed.error());
  return std::nullopt;
}

Result<std::optional<std::chrono::milliseconds>> DatastoreController::reconcile(const ResourceKey& key) {
  const auto workspace = service_.get(Caller::system(), key);
  if (!workspace && workspace.error().code == ErrorCode::not_found) return std::nullopt;
  if (!workspace) return Failure(workspace.error());
  if (workspace->deleting) return std::nullopt;
  for (const std::string name :
       {"workspaceblobstore", "workspaceartifactstore", "workspacefilestore", "workspaceworkingdirectory"}) {
    const ResourceKey datastore{.workspace = key.name, .kind = "datastore", .parent = {}, .name = name, .version = {}};
    if (service_.get(Caller::system(), datastore)) continue;
    resources::CreateRequest request;
    request.workspace = key.name;
    request.kind = "datastore";
    request.document = {{"name", name},
                        {"type", "folder"},
                        {"description", "Kept by this server"},
                        {"is_default", name == default_datastore}};
    const auto made = service_.create(Caller::system(), std::move(request));
    if (!made && made.error().code != ErrorCode::already_exists) return Failure(made.error());
  }
  return std::nullopt;
}

Result<void> add_profile_route(http::Router& router, resources::ResourceService& service, blobs::BlobStore& blobs) {
  http::Route route;
  route.method = http::Method::get;
  route.pattern = "/api/v1/workspaces/{workspace}/data/{name}/versions/{version}/profile";
  route.action = "storage/read";
  route.summary = "What the data look like: types, nulls, ranges, histograms";
  route.tag = "data";
  route.handler = [&service, &blobs](http::Request& request) -> Result<http::Response> {
    const ResourceKey key{.workspace = request.parameter("workspace"),
                          .kind = "data",
                          .parent = {},
                          .name = request.parameter("name"),
                          .version = request.parameter("version")};
    CICLO_TRY(const Resource data, service.get(resources::caller_of(request), key));
    const Json& summary = member(data.status, "profile");
    if (summary.is_null()) {
      return fail(ErrorCode::unavailable, "the profile is being made", key.path(), "ask again in a moment");
    }
    if (text_or(summary, "state") != "ready")
      return fail(ErrorCode::not_found, "there is no profile: " + text_or(summary, "reason"), key.path());
    CICLO_TRY(std::string text, blobs.get(profile_key(key)));
    return http::Response::text(std::move(text), "application/json");
  };
  return router.add(std::move(route));
}

}  // namespace ciclo::data_estate
