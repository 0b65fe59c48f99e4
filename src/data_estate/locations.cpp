#include "data_estate/locations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "platform/blobs/blob_store.hpp"
#include "resources/reference.hpp"

namespace ciclo::data_estate {
namespace {

// How many assets may name one another before it counts as a cycle.
constexpr int max_depth = 8;
constexpr std::array<std::string_view, 4> builtin_datastores = {"workspaceblobstore", "workspaceartifactstore",
                                                                "workspacefilestore", "workspaceworkingdirectory"};

Failure malformed(const LocationRequest& request, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("'{}' names no data", request.reference), {},
              "expected " + std::string(expected));
}

// Takes the text up to the next '/' off the front of `rest`.
std::string take_segment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  std::string segment(rest.substr(0, slash));
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

// `folder`/`path`, checked. Doubled and closing slashes are dropped, as Azure does.
Result<std::string> key_below(std::string folder, std::string_view path) {
  for (const std::string& segment : split(path, '/')) {
    if (!segment.empty()) folder.append("/").append(segment);
  }
  auto good = blobs::check_key(folder);
  if (!good)
    return fail(ErrorCode::invalid, fmt::format("'{}' is not a path of a datastore", path), {},
                "it is relative, without '.' and '..' segments");
  return folder;
}

Result<Location> blob_location(const std::string& workspace, std::string folder, std::string_view path) {
  CICLO_TRY(std::string key, key_below(std::move(folder), path));
  return Location{Place::blobs, workspace, std::move(key), {}, {}, {}};
}

// azureml://subscriptions/S/resourcegroups/G/[providers/…/]workspaces/W/ rest → W, rest. Nothing when it is none.
std::optional<std::pair<std::string, std::string_view>> long_form(std::string_view body) {
  if (!body.starts_with("subscriptions/")) return std::nullopt;
  const std::size_t at = body.find("/workspaces/");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = body.substr(at + std::string_view("/workspaces/").size());
  std::string workspace = take_segment(rest);
  return std::pair(std::move(workspace), rest);
}

bool is_remote(std::string_view reference) {
  static constexpr std::array<std::string_view, 7> schemes = {"https://", "http://", "wasbs://", "wasb://",
                                                              "abfss://", "s3://",   "adl://"};
  return std::ranges::any_of(schemes, [&](std::string_view scheme) { return reference.starts_with(scheme); });
}

bool is_on_users_disk(std::string_view reference) {
  return reference.starts_with("./") || reference.starts_with("../") || reference.starts_with("/") ||
         reference.starts_with("file:") || reference.starts_with("~");
}

// In the whole workspace, or of one resource of it.
Result<void> may_read(const resources::ResourceService& service, const LocationRequest& request,
                      const std::string& workspace, std::string_view resource = {}) {
  CICLO_CHECK(resources::require(service.parts().access, request.caller, "storage/read",
                                 resources::Place(std::string_view(workspace), resource)));
  return {};
}

}  // namespace

bool is_builtin_datastore(std::string_view name) {
  return std::ranges::find(builtin_datastores, name) != builtin_datastores.end();
}

Result<std::string> datastore_key(std::string_view workspace, std::string_view datastore, std::string_view path) {
  return key_below(fmt::format("{}/datastores/{}", workspace, datastore), path);
}

Result<Location> Locations::resolve(const LocationRequest& request) const {
  return service_.parts().database.read(
      [&](sql::Session& session) -> Result<Location> { return resolve_in(session, request); });
}

Result<Location> Locations::resolve_in(sql::Session& session, const LocationRequest& request) const {
  return follow(session, request, 0);
}

Result<void> Locations::require(const Access& access) const {
  const resources::AccessPolicy& policy = service_.parts().access;
  auto all = resources::require(policy, access.caller, access.action, std::string_view(access.workspace));
  if (all) return {};
  CICLO_TRY(const auto owner, service_.parts().database.read([&](sql::Session& session) {
    return runs_.owner_of(session, access.workspace, access.key);
  }));
  if (owner.empty()) return Failure(std::move(all).error());
  CICLO_CHECK(resources::require(policy, access.caller, access.action,
                                 resources::Place(std::string_view(access.workspace), owner)));
  return {};
}

Result<Location> Locations::follow(sql::Session& session, const LocationRequest& request, int depth) const {
  if (depth > max_depth)
    return fail(ErrorCode::invalid, fmt::format("'{}' leads in a circle of assets", request.reference));
  const std::string_view reference = trim(request.reference);
  if (reference.empty()) return malformed(request, "a reference");
  if (is_remote(reference)) return Location{Place::remote, request.workspace, {}, std::string(reference), {}, {}};
  constexpr std::string_view scheme = "azureml://";
  if (reference.starts_with(scheme)) {
    std::string_view body = reference.substr(scheme.size());
    LocationRequest within = request;
    if (const auto found = long_form(body)) {
      within.workspace = found->first;
      body = found->second;
    }
    if (body.starts_with("datastores/")) return in_datastore(session, within, body.substr(11));
    if (body.starts_with("jobs/")) return in_job(session, within, body.substr(5));
    return of_asset(session, request, depth);
  }
  if (reference.starts_with("runs:/")) return in_run(session, request, reference.substr(6));
  if (reference.starts_with("models:/")) return of_model(session, request, reference.substr(8), depth);
  if (constexpr std::string_view mlflow = "mlflow-artifacts:"; reference.starts_with(mlflow)) {
    std::string_view rest = reference.substr(mlflow.size());
    // With a host: mlflow-artifacts://host:port/path.
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      take_segment(rest);
    }
    return artifact(session, request, request.workspace + "/mlflow", rest);
  }
  if (!reference.starts_with("/workspaces/") && is_on_users_disk(reference)) {
    return fail(ErrorCode::invalid, fmt::format("'{}' lies on a user's machine, not on this server", reference), {},
                "upload it: ciclo data create --path …");
  }
  return of_asset(session, request, depth);
}

Result<Location> Locations::in_datastore(sql::Session& session, const LocationRequest& request,
                                         std::string_view rest) const {
  const std::string datastore = take_segment(rest);
  if (datastore.empty() || (!rest.empty() && !rest.starts_with("paths")))
    return malformed(request, "azureml://datastores/<datastore>/paths/<path>");
  take_segment(rest);
  CICLO_CHECK(may_read(service_, request, request.workspace));
  if (!is_builtin_datastore(datastore)) {
    const resources::ResourceKey key{
        .workspace = request.workspace, .kind = "datastore", .parent = {}, .name = datastore, .version = {}};
    CICLO_TRY(const resources::Resource found, service_.parts().store.get(session, key));
    if (const std::string type = text_or(found.spec, "type"); type != "folder") {
      return fail(ErrorCode::unsupported,
                  fmt::format("the datastore '{}' is of type {}, which this server does not reach", datastore, type),
                  {}, "upload the data to a datastore of this server, workspaceblobstore for example");
    }
  }
  CICLO_TRY(std::string key, datastore_key(request.workspace, datastore, rest));
  return Location{Place::blobs, request.workspace, std::move(key), {}, {}, {}};
}

Result<Location> Locations::in_job(sql::Session& session, const LocationRequest& request, std::string_view rest) const {
  const std::string job = take_segment(rest);
  const std::string outputs = take_segment(rest);
  const std::string output = take_segment(rest);
  if (job.empty() || outputs != "outputs" || output.empty() || (!rest.empty() && !rest.starts_with("paths")))
    return malformed(request, "azureml://jobs/<job>/outputs/<output>[/paths/<path>]");
  take_segment(rest);
  if (output == "artifacts") {
    CICLO_TRY(std::string folder, readable(session, request, runs_.artifact_folder(session, request.workspace, job)));
    return artifact(session, request, std::move(folder), rest);
  }
  CICLO_CHECK(may_read(service_, request, request.workspace));
  // An output that its job was asked to keep in a datastore: the job knows where that is.
  const resources::ResourceKey key{
      .workspace = request.workspace, .kind = "job", .parent = {}, .name = job, .version = {}};
  CICLO_TRY(const auto known, service_.parts().store.find(session, key));
  constexpr std::string_view datastores = "azureml://datastores/";
  const std::string placed = known ? text_or(member(member(known->status, "outputs"), output), "path") : std::string();
  if (placed.starts_with(datastores)) {
    const std::string below = rest.empty() ? placed : fmt::format("{}/{}", placed, rest);
    return in_datastore(session, request, std::string_view(below).substr(datastores.size()));
  }
  return blob_location(request.workspace, fmt::format("{}/jobs/{}/outputs/{}", request.workspace, job, output), rest);
}

Result<Location> Locations::in_run(sql::Session& session, const LocationRequest& request, std::string_view rest) const {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const std::string run = take_segment(rest);
  if (run.empty()) return malformed(request, "runs:/<run>/<path>");
  CICLO_TRY(std::string folder, readable(session, request, runs_.artifact_folder(session, request.workspace, run)));
  return artifact(session, request, std::move(folder), rest);
}

// Who may not read the whole workspace hears the same of a run that is not there and of one that is not theirs.
Result<std::string> Locations::readable(sql::Session& session, const LocationRequest& request,
                                        Result<std::string> folder) const {
  const auto all = may_read(service_, request, request.workspace);
  if (all) return folder;
  if (folder) {
    CICLO_TRY(const std::string owner, runs_.owner_of(session, request.workspace, *folder));
    if (!owner.empty() && may_read(service_, request, request.workspace, owner)) return folder;
  }
  return Failure(all.error());
}

Result<Location> Locations::artifact(sql::Session& session, const LocationRequest& request, std::string folder,
                                     std::string_view path) const {
  CICLO_TRY(Location location, blob_location(request.workspace, std::move(folder), path));
  const auto all = may_read(service_, request, request.workspace);
  if (all) return location;
  CICLO_TRY(const std::string owner, runs_.owner_of(session, request.workspace, location.key));
  if (owner.empty() || !may_read(service_, request, request.workspace, owner)) return Failure(all.error());
  return location;
}

Result<Location> Locations::of_model(sql::Session& session, const LocationRequest& request, std::string_view rest,
                                     int depth) const {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.starts_with("m-") && rest.find_first_of("/@") == std::string_view::npos) {
    CICLO_TRY(std::string folder,
              readable(session, request, runs_.logged_model_folder(session, request.workspace, std::string(rest))));
    return artifact(session, request, std::move(folder), {});
  }
  LocationRequest model = request;
  model.kind = "model";
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  const std::string_view version = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (slash == std::string_view::npos && rest.find('@') != std::string_view::npos) {
    model.reference = fmt::format("azureml:{}", rest);
  } else if (version == "latest") {
    model.reference = fmt::format("azureml:{}@latest", name);
  } else if (!name.empty() && !version.empty()) {
    model.reference = fmt::format("azureml:{}:{}", name, version);
  } else {
    return malformed(request, "models:/<name>/<version> or models:/<name>@<alias>");
  }
  return of_asset(session, model, depth);
}

Result<Location> Locations::of_asset(sql::Session& session, const LocationRequest& request, int depth) const {
  CICLO_TRY(const resources::Reference reference, resources::parse_reference(request.reference));
  const std::string workspace = reference.workspace.empty() ? request.workspace : reference.workspace;
  CICLO_CHECK(may_read(service_, request, workspace, fmt::format("{}/{}", request.kind, reference.name)));
  CICLO_TRY(const resources::Resource asset, service_.resolve_in(session, request.kind, request.workspace, reference));
  LocationRequest next = request;
  next.workspace = asset.key.workspace;
  next.reference = text_or(asset.spec, "path");
  auto location = follow(session, next, depth + 1);
  if (!location) return Failure(location.error().add_context("cannot follow " + asset.key.subject()));
  location->asset = asset.key.path();
  location->type = text_or(asset.spec, "type");
  return location;
}

}  // namespace ciclo::data_estate
