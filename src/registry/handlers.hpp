// MLflow's registry endpoints, and the download of a model version's files.
#pragma once

#include "base/error.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"
#include "registry/locator.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {

// MLflow's endpoints, the files of versions, and POST …/models/{name}/versions/{version}/stage. The arguments must
// outlive the router.
Result<void> add_registry_routes(http::Router& router, RegistryService& registry, ModelLocator& locator,
                                 blobs::BlobStore& blobs);

Result<void> add_model_file_routes(http::Router& router, ModelLocator& locator, blobs::BlobStore& blobs);

// "@models/<name>/<version>/<path>" for the artifacts proxy. Thread safety: as the locator.
class ModelArtifacts final : public tracking::SharedArtifacts {
 public:
  explicit ModelArtifacts(ModelLocator& locator) : locator_(locator) {}
  Result<std::string> key_of(const std::string& workspace, const std::string& path) override;

 private:
  ModelLocator& locator_;
};

// A URI that an MLflow client can download a version from: its source when that is one of MLflow's, else
// "mlflow-artifacts:/@models/<name>/<version>", which ModelArtifacts serves.
std::string download_uri(const resources::Resource& version);
// The latter form always, where the files lie on this server.
std::string shared_uri(const resources::Resource& version);

}  // namespace ciclo::registry
