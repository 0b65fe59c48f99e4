// What the data estate does on its own: profiles new data assets, and gives every workspace its datastores.
//
// Thread safety: controllers are called by the ReconcileLoop, from any of its threads.
#pragma once

#include "data_estate/locations.hpp"
#include "data_estate/profile.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::data_estate {

// Profiles each data version once. The whole profile is kept as the blob profile_key(); the status holds a summary:
//   "profile": {"state": "ready", "rows", "bytes", "columns", "profiled_at"}
//   "profile": {"state": "skipped" | "failed", "reason"}
// and the event ciclo.data.profiled tells of it. What cannot be read as a table (images, remote data) is skipped.
class ProfileController final : public resources::Controller {
 public:
  // All must outlive this.
  ProfileController(resources::ResourceService& service, const Locations& locations, blobs::BlobStore& blobs,
                    ProfileLimits limits = {})
      : service_(service), locations_(locations), blobs_(blobs), limits_(limits) {}
  std::string kind() const override { return "data"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;

 private:
  Result<Json> summary_of(const resources::Resource& data);

  resources::ResourceService& service_;
  const Locations& locations_;
  blobs::BlobStore& blobs_;
  ProfileLimits limits_;
};

// Makes workspaceblobstore and its three companions in every workspace.
class DatastoreController final : public resources::Controller {
 public:
  explicit DatastoreController(resources::ResourceService& service) : service_(service) {}
  std::string kind() const override { return "workspace"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;

 private:
  resources::ResourceService& service_;
};

// "dev/profiles/data/<name>/<version>.json"
std::string profile_key(const resources::ResourceKey& data);

// GET /api/v1/workspaces/{workspace}/data/{name}/versions/{version}/profile. Both must outlive the router.
Result<void> add_profile_route(http::Router& router, resources::ResourceService& service, blobs::BlobStore& blobs);

}  // namespace ciclo::data_estate
