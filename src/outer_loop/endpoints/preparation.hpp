// Gets ready what a deployment needs on this machine – the model's files, the scoring script, the Python packages –
// and answers its entry in scorer.json. That may take minutes, so it runs on threads of its own.
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "administration/secrets/vault.hpp"
#include "inner_loop/environments/builder.hpp"
#include "outer_loop/endpoints/folder.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

// Everything that preparing looks at; equal ones give equal entries.
struct PreparationRequest {
  resources::ResourceKey key;  // the deployment's
  std::string requested_by;    // with whose rights secrets are read
  EndpointFolder folder;
  Json spec;
  Json status;       // of sources.hpp
  Json environment;  // an environment's spec, when the deployment names or holds one; null: the model's own
};

class DeploymentMaker {
 public:
  // All must outlive it. Without a vault, deployments that use secrets fail.
  DeploymentMaker(blobs::BlobStore& blobs, inner_loop::EnvironmentBuilder& environments,
                  const administration::Vault* vault = nullptr)
      : blobs_(blobs), environments_(environments), vault_(vault) {}
  Result<Json> make(const PreparationRequest& request, const std::stop_token& stop) const;

 private:
  Result<Json> python_settings(const PreparationRequest& request, const std::filesystem::path& model,
                               const std::stop_token& stop, Json& variables) const;

  blobs::BlobStore& blobs_;
  inner_loop::EnvironmentBuilder& environments_;
  const administration::Vault* vault_;
};

// Whether a copied model is served in the scorer itself; otherwise it needs Python.
bool is_onnx_model(const std::filesystem::path& model);
// What scorer.json calls `collect`; null when nothing is collected.
Json collection_of(const Json& data_collector);

class Preparations {
 public:
  using Make = std::function<Result<Json>(const PreparationRequest&, const std::stop_token&)>;
  explicit Preparations(Make make) : make_(std::move(make)) {}
  // Asks those that run to stop, and waits for them.
  ~Preparations() = default;

  // The outcome for `id` (one state of one deployment), or nothing while it is worked on: the first call begins, and
  // `done` is called once it is there.
  std::optional<Result<Json>> get(const std::string& id, const PreparationRequest& request, std::function<void()> done);
  // Forgets the outcomes of all ids that begin so.
  void forget(const std::string& prefix);

 private:
  struct Work {
    std::optional<Result<Json>> outcome;
    std::jthread thread;
  };

  const Make make_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Work>> works_;
};

}  // namespace ciclo::outer_loop
