// A store that is read: MLflow's database, its folder, or a server that speaks its API (also Ciclo). Nothing is ever
// changed in it, and it may be in use meanwhile.
//
// Thread safety: one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "portability/records.hpp"

namespace ciclo::portability {

class Source {
 public:
  virtual ~Source() = default;
  // "MLflow database /path/mlflow.db"
  virtual std::string title() const = 0;
  // Also deleted ones, everywhere.
  virtual Result<std::vector<Json>> experiments() = 0;
  virtual Result<void> runs(const std::string& experiment_id, const TakeItems& take) = 0;
  // The whole history of a run, in pieces of some ten thousand observations.
  virtual Result<void> metrics(const Json& run, const TakeHistory& take) = 0;
  virtual Result<void> logged_models(const std::string& experiment_id, const TakeItems& take) = 0;
  // Whole ones, a few at a time, since each may be large.
  virtual Result<void> traces(const std::string& experiment_id, const TakeItems& take) = 0;
  virtual Result<std::vector<Json>> scorers(const std::string& /*experiment_id*/) { return std::vector<Json>(); }
  // Without their records.
  virtual Result<std::vector<Json>> evaluation_datasets() { return std::vector<Json>(); }
  virtual Result<void> evaluation_records(const std::string& /*dataset_id*/, const TakeItems& /*take*/) { return {}; }
  virtual Result<std::vector<Json>> webhooks() { return std::vector<Json>(); }
  virtual Result<std::vector<Json>> registered_models() = 0;
  // In the order of their numbers.
  virtual Result<std::vector<Json>> versions(const std::string& model) = 0;
  // Fails with unsupported when the place is out of reach, invalid when it is not one that belongs to the thing. What
  // is left out (links) is told in `skipped`.
  virtual Result<std::vector<ArtifactFile>> artifacts(const ArtifactPlace& place,
                                                      std::vector<std::string>& skipped) = 0;
  virtual Result<Bytes> open(const ArtifactPlace& place, const ArtifactFile& file) = 0;
  virtual Result<std::vector<LeftBehind>> left_behind() { return std::vector<LeftBehind>(); }
  // Whether reading an artifact costs no network.
  virtual bool is_local() const { return true; }
  // Another place for a version whose source is not one of MLflow's; the same place otherwise.
  virtual std::string download_uri(const Json& version) { return text_or(version, "source"); }
};

struct SourceSettings {
  std::string from;       // a URI, a file or a folder
  std::string artifacts;  // the folder that mlflow-artifacts:/ means; may be empty
};

// Fails with invalid for what is no MLflow store, unsupported for a version that is not known.
Result<std::unique_ptr<Source>> open_sqlite_source(const std::string& file, const SourceSettings& settings);
Result<std::unique_ptr<Source>> open_file_source(const std::string& folder, const SourceSettings& settings);
// `authorization`: the header's value; may be empty.
Result<std::unique_ptr<Source>> open_rest_source(const std::string& url, const std::string& authorization);
// By the form of `settings.from`; a server's credentials come from MLFLOW_TRACKING_TOKEN, or _USERNAME and _PASSWORD.
Result<std::unique_ptr<Source>> open_source(const SourceSettings& settings);

// "Bearer …" or "Basic …" from MLflow's environment variables; empty without them.
std::string mlflow_authorization();

}  // namespace ciclo::portability
