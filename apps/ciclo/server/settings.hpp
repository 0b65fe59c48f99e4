// What a server is started with. The only place that knows the options' names and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/options.hpp"
#include "platform/http/server.hpp"
#include "platform/log/log.hpp"

namespace ciclo::server {

struct Settings {
  std::filesystem::path data = "ciclo-data";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8780;
  std::string database;  // empty: SQLite in the data folder
  std::optional<http::TlsSettings> tls;
  log::Settings log;
  std::string default_workspace = "default";
  std::filesystem::path programs;  // the folder that holds ciclo, ciclo-scorer and ciclo-learn
  bool reset_admin_token = false;
  std::string public_url;  // by which people reach the server, when not by its own address; empty: not known
  std::chrono::hours sign_in_life{12};  // of a token that signing in gives
};

std::vector<cli::Option> server_options();
Result<Settings> read_settings(const cli::Options& options);

// <data>/ciclo.db and so on.
struct Folders {
  explicit Folders(const std::filesystem::path& data);
  std::filesystem::path data, database, blobs, jobs, endpoints, environments, collected, admin_token, master_key,
      server_file;
};

}  // namespace ciclo::server
