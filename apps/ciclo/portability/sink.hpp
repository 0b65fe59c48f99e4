// Where a store is written to. Every call may be repeated; what is there already is found.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"

namespace ciclo::portability {

struct Outcome {
  enum class Kind : std::uint8_t { added, changed, present, refused } kind = Kind::present;
  std::string id;  // of an experiment: the target's
  std::vector<std::string> differences;
};

struct Counts {
  std::size_t added = 0;
  std::size_t present = 0;
  std::vector<std::string> differences;
};

// What is known of an artifact in the target. No checksum: the size has to do.
struct KnownFile {
  std::uint64_t size = 0;
  std::string sha256;
};

// An artifact to be written. `folder` as in ArtifactPlace, after the experiment's id of the target.
struct ArtifactTarget {
  std::string folder;
  std::string path;
  std::uint64_t size = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  using Outcomes = Result<std::vector<Outcome>>;
  // Outcomes are in the order of the items.
  virtual Outcomes experiments(const std::vector<Json>& items) = 0;
  virtual Outcomes runs(const std::vector<Json>& items) = 0;
  virtual Result<Counts> metrics(const std::vector<History>& items) = 0;
  virtual Outcomes logged_models(const std::vector<Json>& items) = 0;
  virtual Outcomes traces(const std::vector<Json>& items) = 0;
  virtual Outcomes scorers(const std::vector<Json>& items) = 0;
  virtual Outcomes evaluation_datasets(const std::vector<Json>& items) = 0;
  // Of one data set, by its id in the source.
  virtual Result<Counts> evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) = 0;
  // They come disabled, whatever they were: two servers would tell of the same things.
  virtual Outcomes webhooks(const std::vector<Json>& items) = 0;
  virtual Outcomes registered_models(const std::vector<Json>& items) = 0;
  virtual Outcomes versions(const std::vector<Json>& items) = 0;
  virtual Result<std::map<std::string, KnownFile>> known_artifacts(const std::string& folder) = 0;
  virtual Result<void> put_artifact(const ArtifactTarget& target, const Bytes& bytes) = 0;
  // The URI of an artifact folder in the target ("mlflow-artifacts:/1/…").
  virtual std::string artifact_uri(const std::string& folder) const { return "mlflow-artifacts:/" + folder; }
  // For a dry run: experiments by name with the target's ids, and runs by id.
  struct Known {
    std::map<std::string, std::string> experiments;
    std::vector<std::string> runs;
  };
  virtual Result<Known> known(const std::vector<std::string>& experiments, const std::vector<std::string>& runs) = 0;
  // All is written: makes it durable.
  virtual Result<void> finish() { return {}; }
};

// Ciclo's import routes. `workspace_path`: "/api/v1/workspaces/dev".
struct CicloTarget {
  std::string server;
  std::string workspace;
  std::string authorization;
};
std::unique_ptr<Sink> open_ciclo_sink(const CicloTarget& target);
// mlflow.db and artifacts/ in a folder. Fails with conflict when there is a database that this program did not write.
Result<std::unique_ptr<Sink>> open_sqlite_sink(const std::string& folder);
// A running MLflow server.
std::unique_ptr<Sink> open_rest_sink(const std::string& url, const std::string& authorization);

}  // namespace ciclo::portability
