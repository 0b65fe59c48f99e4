// Brings a model version to another workspace as a copy of its own: the same bytes, so that nothing done to the source
// afterwards, not even deleting it, touches what production runs.
//
// In two steps, since copying may take long and a transaction must not: copy() beforehand, promote_in() within the
// transaction of the decision; discard() when that did not come about.
//
// Thread safety: safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/blobs/blob_store.hpp"
#include "registry/locator.hpp"
#include "resources/service.hpp"

namespace ciclo::registry {

// Bytes that lie in the target workspace and belong to no version yet.
struct CopiedModel {
  LocatedModel source;
  std::string to_workspace;
  std::string path;      // azureml://datastores/workspaceblobstore/paths/promoted/…
  std::string blob_key;  // of the copy's own folder
};

struct PromotionRequest {
  std::string name;                    // empty: as in the source workspace
  std::vector<std::string> labels;     // to put on the new version: "champion"
  std::vector<resources::Link> links;  // whose `to` is empty: filled in with the new version's path
  Json tags = Json::object();          // beside the source's
};

class Promoter {
 public:
  // Both must outlive it.
  Promoter(resources::ResourceService& resources, blobs::BlobStore& blobs) : resources_(resources), blobs_(blobs) {}

  // `reference` as for ModelLocator::locate. Every file's checksum is verified.
  Result<CopiedModel> copy(const std::string& from_workspace, const std::string& reference,
                           const std::string& to_workspace);
  // Creates the version in the target workspace, with the link promoted_from to the source version, the source's
  // description, tags and metrics, and the labels. `caller` needs workspace/write there.
  Result<resources::Resource> promote_in(sql::Session& session, const resources::Caller& caller,
                                         const CopiedModel& copied, const PromotionRequest& request);
  // Removes the bytes of a copy that was not promoted.
  Result<void> discard(const CopiedModel& copied);

 private:
  resources::ResourceService& resources_;
  blobs::BlobStore& blobs_;
};

}  // namespace ciclo::registry
