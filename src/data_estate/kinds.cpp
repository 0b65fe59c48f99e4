#include "data_estate/kinds.hpp"

#include <fmt/format.h>

#include "data_estate/datastore_credentials.hpp"
#include "schemas.hpp"

namespace ciclo::data_estate {
namespace {

using resources::CheckContext;
using resources::Draft;

Result<void> normalise_data(Draft& draft) {
  Json& spec = draft.resource.spec;
  if (text_or(spec, "type").empty()) spec["type"] = "uri_folder";
  spec.erase("datastore");  // spent by the upload
  return {};
}

// What lies at the location must be what the type says.
Result<void> check_content(const Location& location, const std::string& type, blobs::BlobStore& blobs) {
  if (location.place == Place::remote) return {};
  const bool is_file = blobs.stat(location.key).has_value();
  if (type == "uri_file") {
    if (is_file) return {};
    return fail(ErrorCode::not_found, "there is no file at the path", "/path", "for a folder the type is uri_folder");
  }
  if (is_file) {
    return fail(ErrorCode::invalid, fmt::format("the path leads to a file, the type is {}", type), "/type",
                "for a file the type is uri_file");
  }
  CICLO_TRY(const auto entries, blobs.list(location.key));
  if (entries.empty()) return fail(ErrorCode::not_found, "there is nothing at the path", "/path");
  if (type == "mltable" && !blobs.stat(location.key + "/MLTable"))
    return fail(ErrorCode::not_found, "the folder holds no file named MLTable", "/path");
  return {};
}

Result<void> check_data(const CheckContext& context, Draft& draft, const Locations* locations,
                        blobs::BlobStore* blobs) {
  if (locations == nullptr || blobs == nullptr) return {};
  const bool same_path =
      draft.before != nullptr && text_or(draft.before->spec, "path") == text_or(draft.resource.spec, "path");
  if (same_path) return {};
  const LocationRequest request{context.caller, draft.resource.key.workspace, text_or(draft.resource.spec, "path"),
                                "data"};
  auto location = locations->resolve_in(context.session, request);
  if (!location) {
    if (location.error().target.empty()) location.error().target = "/path";
    return Failure(location.error());
  }
  CICLO_CHECK(check_content(*location, text_or(draft.resource.spec, "type"), *blobs));
  if (!location->asset.empty()) draft.links.push_back({location->asset, draft.resource.key.path(), "input"});
  return {};
}

Result<void> normalise_datastore(Draft& draft) {
  name_credential_type(draft.resource.spec);
  return {};
}

Result<void> check_datastore(const CheckContext& context, Draft& draft, const administration::Vault* vault) {
  if (is_builtin_datastore(draft.resource.key.name) && !context.caller.is_system()) {
    return fail(ErrorCode::conflict,
                fmt::format("'{}' is a datastore that every workspace has", draft.resource.key.name), "/name",
                "choose another name");
  }
  return keep_credentials(context, draft, vault);
}

Result<void> check_datastore_delete(const CheckContext& context, const resources::Resource& datastore,
                                    const administration::Vault* vault) {
  if (!is_builtin_datastore(datastore.key.name))
    return vault == nullptr ? Result<void>() : forget_credentials(context, datastore, *vault);
  return fail(ErrorCode::conflict, fmt::format("'{}' belongs to the workspace and stays", datastore.key.name));
}

}  // namespace

resources::Kind data_kind(const Locations* locations, blobs::BlobStore* blobs) {
  resources::Kind kind;
  kind.name = "data";
  kind.plural = "data";
  kind.title = "data asset";
  kind.versioning = resources::Versioning::versions;
  kind.mutability = resources::Mutability::asset;
  kind.component = "storage";
  kind.schema = schemas::data;
  kind.can_delete = false;
  kind.local_fields = {{"/path", resources::LocalField::upload, {}}};
  kind.columns = {
      {"NAME", "name"}, {"VERSION", "version"}, {"TYPE", "type"}, {"ROWS", "profile.rows"}, {"PATH", "path"}};
  kind.normalise = normalise_data;
  kind.check = [locations, blobs](const CheckContext& context, Draft& draft) {
    return check_data(context, draft, locations, blobs);
  };
  return kind;
}

resources::Kind datastore_kind(const administration::Vault* vault) {
  resources::Kind kind;
  kind.name = "datastore";
  kind.plural = "datastores";
  kind.title = "datastore";
  kind.component = "storage";
  kind.schema = schemas::datastore;
  kind.columns = {{"NAME", "name"}, {"TYPE", "type"}, {"ACCOUNT", "account_name"}};
  kind.normalise = normalise_datastore;
  kind.check = [vault](const CheckContext& context, Draft& draft) { return check_datastore(context, draft, vault); };
  kind.check_delete = [vault](const CheckContext& context, const resources::Resource& datastore) {
    return check_datastore_delete(context, datastore, vault);
  };
  return kind;
}

}  // namespace ciclo::data_estate
