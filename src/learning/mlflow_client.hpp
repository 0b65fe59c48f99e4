// The part of MLflow's REST API that the steps use: tracking, artifacts through the server, and the registry. Works
// with Ciclo and with MLflow's own server.
//
// Errors: those of http::Client, and for an answer other than 2xx the code of its HTTP status with MLflow's message.
// Requests that a 429 or 5xx answered, or that no answer came for, are sent again with growing pauses for about half a
// minute, so that a step outlives a server that is started again. All calls may be repeated without harm;
// create_version looks first whether its lost answer had made the version.
//
// Thread safety: one thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "learning/run_log.hpp"
#include "platform/http/client.hpp"

namespace ciclo::learning {

struct MlflowSettings {
  std::string tracking_uri;  // "http://127.0.0.1:8080/workspaces/dev"
  std::string token;         // sent as a bearer token; empty: none
  std::string run_id;        // of the running step; empty: nothing is logged
};

struct RegisteredVersion {
  std::string name;
  std::string version;
  std::string source;
  std::string run_id;
  Json tags = Json::object();  // name → text
};

struct NewVersion {
  std::string name;
  std::string source;  // "runs:/<run>/model", or the artifact's URI
  std::string run_id;
  std::string description;
  Parameters tags;
};

class MlflowClient {
 public:
  // `clock` must outlive the client.
  MlflowClient(MlflowSettings settings, const Clock& clock);

  const MlflowSettings& settings() const { return settings_; }

  Result<void> log_batch(const Json& metrics, const Json& parameters, const Json& tags);
  // {"experiment_id", "artifact_uri", "run_name", …} of the running step.
  Result<Json> run_info() { return run_info(settings_.run_id); }
  Result<Json> run_info(const std::string& run_id);
  Result<void> upload(const std::filesystem::path& file, const std::string& artifact_path);

  // Creates the registered model when it is not there yet.
  Result<void> ensure_model(const std::string& name, const std::string& description);
  Result<RegisteredVersion> create_version(const NewVersion& version);
  // Nothing when the model or the alias does not exist.
  Result<std::optional<RegisteredVersion>> version_by_alias(const std::string& name, const std::string& alias);
  // One file of a version's model folder, into `target`. Taken from where the version's artifacts lie when the server
  // passes those on, else through the server's get-artifact.
  Result<void> download(const RegisteredVersion& version, const std::string& path, const std::filesystem::path& target);

 private:
  Result<Json> call(http::Method method, const std::string& path, const Json& body, bool repeat = true);
  // The version of that name, run and source, if there is one.
  Result<std::optional<RegisteredVersion>> version_of_source(const NewVersion& version);
  Result<std::string> artifact_url(const RegisteredVersion& version, const std::string& path);
  // `rewind` is called before a repetition, for a body that is a stream.
  Result<http::ClientResponse> send(http::ClientRequest request, bool repeat, const std::function<void()>& rewind = {});

  MlflowSettings settings_;
  const Clock& clock_;
  http::Client http_;
};

// Logs to a run of an MLflow server. `client` must outlive it.
class MlflowRunLog final : public RunLog {
 public:
  MlflowRunLog(MlflowClient& client, const Clock& clock) : client_(client), clock_(clock) {}
  Result<void> parameters(const Parameters& values) override;
  Result<void> tags(const Parameters& values) override;
  Result<void> metrics(const Metrics& values, std::int64_t step) override;
  Result<void> series(const std::string& metric, const std::vector<double>& values) override;
  Result<void> artifact(const std::filesystem::path& file, const std::string& path) override;

 private:
  MlflowClient& client_;
  const Clock& clock_;
};

}  // namespace ciclo::learning
