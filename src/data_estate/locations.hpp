// Where the bytes behind a reference lie. One place knows every form in which Azure ML and MLflow name data:
//
//   azureml://datastores/D/paths/P, the same after azureml://subscriptions/…/workspaces/W/
//                                            <ws>/datastores/D/P
//   azureml://jobs/J/outputs/O[/paths/P]     <ws>/jobs/J/outputs/O/P; O = "artifacts": the run's artifacts
//   runs:/R/P                                <the run's artifact folder>/P
//   mlflow-artifacts:/P                      <ws>/mlflow/P
//   azureml:name:version, azureml:name@label, name:version, azureml://registries/W/…, /workspaces/W/…
//                                            where the asset's own `path` leads
//   models:/name/version, models:/name@alias where the model's own `path` leads
//   https://…, wasbs://…, abfss://…, s3://…  not here: Place::remote
//
// A path never leaves its workspace's part of the blob store: "." and ".." segments are refused, so are control
// characters. Access: the caller needs storage/read in every workspace that is looked into; for artifacts and for the
// files of a model it is enough on the experiment or the model alone.
//
// Errors: not_found (asset, datastore, run), invalid (malformed; what lies on a user's disk), denied, unsupported (a
// datastore that this server does not reach).
//
// Thread safety: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"
#include "resources/service.hpp"

namespace ciclo::data_estate {

// Where a run keeps its artifacts; the inner loop knows.
class RunArtifacts {
 public:
  virtual ~RunArtifacts() = default;
  // The blob key of the folder ("dev/mlflow/3/<run>/artifacts"). not_found when there is no such run.
  virtual Result<std::string> artifact_folder(sql::Session& session, const std::string& workspace,
                                              const std::string& run_id) = 0;
  // The same of a logged model of MLflow 3 ("m-…").
  virtual Result<std::string> logged_model_folder(sql::Session& session, const std::string& workspace,
                                                  const std::string& model_id) = 0;
  // Whose artifact a blob key is, as access knows it: "experiment/3"; empty when it is nobody's.
  virtual Result<std::string> owner_of(sql::Session& /*session*/, const std::string& /*workspace*/,
                                       const std::string& /*key*/) {
    return std::string();
  }
};

enum class Place : std::uint8_t {
  blobs,   // `key` in the blob store: a file or a folder, or nothing (yet)
  remote,  // `url`, outside this server
};

struct Location {
  Place place = Place::blobs;
  std::string workspace;  // whose part of the blob store
  std::string key;        // without a '/' at the end
  std::string url;
  // Of the asset it was named by, when it was: ResourceKey::path() for lineage, and the spec's type ("uri_folder").
  std::string asset;
  std::string type;
};

struct LocationRequest {
  resources::Caller caller;
  std::string workspace;  // where the reference is used
  std::string reference;
  std::string kind = "data";  // what azureml:name:version means: "data" or "model"
};

class Locations {
 public:
  // `service` and `runs` must outlive this.
  Locations(resources::ResourceService& service, RunArtifacts& runs) : service_(service), runs_(runs) {}

  Result<Location> resolve(const LocationRequest& request) const;
  // The same within a transaction of the caller's own.
  Result<Location> resolve_in(sql::Session& session, const LocationRequest& request) const;

  // Who asks for `action` at a blob key, and where it lies.
  struct Access {
    const resources::Caller& caller;
    std::string_view action;  // "storage/write"
    const std::string& workspace;
    const std::string& key;
  };
  // Fails unless the caller may do it in the workspace, or on the experiment that the key belongs to.
  Result<void> require(const Access& access) const;

 private:
  Result<Location> follow(sql::Session& session, const LocationRequest& request, int depth) const;
  Result<Location> in_datastore(sql::Session& session, const LocationRequest& request, std::string_view rest) const;
  Result<Location> in_job(sql::Session& session, const LocationRequest& request, std::string_view rest) const;
  Result<Location> in_run(sql::Session& session, const LocationRequest& request, std::string_view rest) const;
  Result<Location> of_model(sql::Session& session, const LocationRequest& request, std::string_view rest,
                            int depth) const;
  Result<Location> of_asset(sql::Session& session, const LocationRequest& request, int depth) const;
  Result<Location> artifact(sql::Session& session, const LocationRequest& request, std::string folder,
                            std::string_view path) const;
  Result<std::string> readable(sql::Session& session, const LocationRequest& request, Result<std::string> folder) const;

  resources::ResourceService& service_;
  RunArtifacts& runs_;
};

// The four datastores that every workspace has.
bool is_builtin_datastore(std::string_view name);
inline constexpr std::string_view default_datastore = "workspaceblobstore";
// "dev/datastores/workspaceblobstore/<path>": where a datastore of this server keeps a path. invalid for a path that
// leaves it.
Result<std::string> datastore_key(std::string_view workspace, std::string_view datastore, std::string_view path);

}  // namespace ciclo::data_estate
