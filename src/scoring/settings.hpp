// The configuration file of ciclo-scorer, read and checked (docs/formats/scorer-config.md). It holds hashes of
// credentials, never credentials.
//
// Thread safety: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/tokens/signed_token.hpp"
#include "scoring/traffic.hpp"

namespace ciclo::scoring {

struct ModelSettings {
  std::filesystem::path path;  // an MLflow model folder, or an .onnx file
  std::string name;
  std::string version;
  std::string flavor;  // "onnx", "python_function"; empty: ONNX when the folder has it
};

struct CollectSettings {
  bool inputs = false;
  bool outputs = false;
  double sampling_rate = 1.0;  // 0–1
};

struct RequestSettings {
  std::chrono::milliseconds request_timeout{5'000};
  // 0: no limit for ONNX models, one request a worker for Python models.
  int max_concurrent_requests = 0;
  std::chrono::milliseconds max_queue_wait{500};
};

struct PythonSettings {
  std::string interpreter = "python3";
  int workers = 1;
  std::filesystem::path code_folder;  // with scoring_script: score.py's init() and run()
  std::filesystem::path scoring_script;
  std::chrono::milliseconds start_timeout{300'000};
};

struct DeploymentSettings {
  std::string name;
  ModelSettings model;
  CollectSettings collect;
  RequestSettings requests;
  PythonSettings python;
  std::map<std::string, std::string> environment_variables;
  // Variables whose values are not in the file: the texts that stand for them, see secret_values.hpp.
  std::map<std::string, std::string> secret_variables;
  std::vector<std::string> hidden;  // never in the file: what workers must not show in logs and errors
  // What the deployment was made from. Two equal ones need not be loaded twice.
  Json source;
};

struct ExpiringToken {
  std::string sha256;  // lower-case hexadecimal
  std::optional<TimePoint> expires_at;
};

// Which signed tokens (platform/tokens) are taken.
struct SignedTokenSettings {
  tokens::VerifyingKeys keys;
  std::string audience;
  // By principal: tokens issued until then are ended.
  std::map<std::string, TimePoint, std::less<>> ended;
};

struct AuthSettings {
  bool required = true;
  std::vector<std::string> key_sha256;  // primary, secondary; none when the mode takes tokens alone
  std::vector<ExpiringToken> tokens;
  std::optional<SignedTokenSettings> signed_tokens;
  std::string control_sha256;  // for /-/status and /-/reload; empty: both are refused
};

struct MirrorSettings {
  std::string deployment;
  int percent = 0;  // 0–50
};

struct ScorerSettings {
  std::string workspace;
  std::string endpoint;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::filesystem::path port_file;  // gets the real port and the process id
  int io_threads = 1;
  int worker_threads = 16;
  std::size_t max_body_bytes = 16U << 20U;
  std::string certificate_file;
  std::string key_file;
  AuthSettings auth;
  std::vector<DeploymentSettings> deployments;
  std::vector<TrafficShare> traffic;
  std::optional<MirrorSettings> mirror;
  std::filesystem::path collection_folder;  // empty: nothing is collected
  std::filesystem::path log_file;           // empty: standard error
  std::string log_level = "info";
};

// Relative paths are taken from the file's own folder. Fails with invalid, the target naming the file and the JSON
// pointer of the offending place; not_found when there is no such file.
Result<ScorerSettings> read_settings(const std::filesystem::path& file);
Result<ScorerSettings> parse_settings(const Json& document, const std::filesystem::path& folder);

}  // namespace ciclo::scoring
