// Which server the command line talks to, as whom, and the calls it makes.
//
// Settings come from options, then CICLO_SERVER, CICLO_TOKEN, CICLO_WORKSPACE, then the file that `ciclo login` and
// `ciclo configure` write (CICLO_CONFIG, or ~/.ciclo/config.json, mode 0600).
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/client.hpp"

namespace ciclo::cli {

struct Config {
  std::string server;
  std::string token;
  std::string workspace;
  // The token was made by signing in, for this file alone: signing out ends it. One that was copied from elsewhere is
  // only forgotten.
  bool is_signed_in = false;
};
std::filesystem::path config_file();
// An unreadable or missing file is an empty Config; a damaged one an error.
Result<Config> load_config();
// The same without the environment: what the file itself holds.
Result<Config> load_config_file();
Result<void> save_config(const Config& config);

// With the certificate authority of CICLO_CA_FILE.
http::ClientSettings client_settings();

class Session {
 public:
  explicit Session(Config config);

  const Config& config() const { return config_; }
  // Fails with invalid when none was given.
  Result<std::string> workspace() const;
  // "/api/v1/workspaces/<workspace>"
  Result<std::string> workspace_path() const;

  // The JSON answer of a call; an answer of 400 and above becomes its Error. `body` null: no body.
  Result<Json> call(http::Method method, const std::string& path, const Json& body = nullptr);
  Result<Json> get(const std::string& path) { return call(http::Method::get, path); }
  // Every page of a list, as one array.
  Result<Json> get_all(const std::string& path, std::size_t at_most = 100'000);
  // Status and body as they are; fails only when the server cannot be reached.
  Result<http::ClientResponse> raw(http::ClientRequest request);
  // The server's URL and a path.
  std::string url(const std::string& path) const { return config_.server + path; }

 private:
  Config config_;
  std::unique_ptr<http::Client> client_;
};

// The Error in an answer's body, of whichever form; by the status when there is none.
Error error_of(const http::ClientResponse& response);

}  // namespace ciclo::cli
