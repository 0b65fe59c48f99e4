// Where a model version's bytes lie and what is known of it: for gates, endpoints and downloads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/blobs/blob_store.hpp"
#include "resources/service.hpp"

namespace ciclo::registry {

struct LocatedModel {
  resources::ResourceKey key;
  std::string type;  // "mlflow_model"
  std::string path;  // as it was registered
  // In the blob store: the model's folder, or its one file when `is_file`.
  std::string blob_key;
  bool is_file = false;
  // Where that lies on this machine's disk; nothing for remote stores.
  std::optional<std::filesystem::path> local_path;
  Json flavors = Json::object();
  Json signature = Json::object();  // {"inputs": [...], "outputs": [...], "params": …} of the MLmodel file
  Json metrics = Json::object();    // name → number
  Json tags = Json::object();
  std::string run_id;
  std::string created_by;
};

class ModelLocator {
 public:
  virtual ~ModelLocator() = default;
  // Any reference to a model that is used in `workspace`: "azureml:weather:3", "weather@champion",
  // "azureml://registries/dev/models/weather/versions/3", "models:/weather/3". Does not ask who may read it. Fails with
  // not_found, invalid for a malformed reference, unsupported for a model whose bytes lie elsewhere.
  virtual Result<LocatedModel> locate(const std::string& workspace, const std::string& reference) = 0;
  virtual Result<LocatedModel> locate_in(sql::Session& session, const std::string& workspace,
                                         const std::string& reference) = 0;
};

// Thread safety: safe from any thread.
class RegistryLocator final : public ModelLocator {
 public:
  // Both must outlive it.
  RegistryLocator(resources::ResourceService& resources, blobs::BlobStore& blobs)
      : resources_(resources), blobs_(blobs) {}

  Result<LocatedModel> locate(const std::string& workspace, const std::string& reference) override;
  Result<LocatedModel> locate_in(sql::Session& session, const std::string& workspace,
                                 const std::string& reference) override;
  // Of a version that was read already.
  Result<LocatedModel> describe(const resources::Resource& version) const;

 private:
  resources::ResourceService& resources_;
  blobs::BlobStore& blobs_;
};

}  // namespace ciclo::registry
