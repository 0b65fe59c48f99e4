// What a server is started with. The only place that knows the options' names and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "administration/oidc/settings.hpp"
#include "administration/secrets/master_key.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "platform/http/outbound.hpp"
#include "platform/http/server.hpp"
#include "platform/log/log.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::server {

struct Settings {
  std::filesystem::path data = "ciclo-data";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8780;
  std::string database;  // empty: SQLite in the data folder
  sql::Durability durability = sql::Durability::power_cut;
  std::optional<http::TlsSettings> tls;
  log::Settings log;
  std::string default_workspace = "default";
  // What users' requests may reach besides public addresses.
  std::shared_ptr<const http::OutboundPolicy> outbound = std::make_shared<http::OutboundPolicy>();
  http::RateLimiter::Settings rate_limits = {.principals = {.per_second = 50'000, .burst = 100'000},
                                             .addresses = {.per_second = 1'000, .burst = 2'000}};
  std::filesystem::path programs;  // the folder that holds ciclo, ciclo-scorer and ciclo-learn
  bool reset_admin_token = false;
  std::shared_ptr<const administration::MasterKeySource> master_key;
  std::optional<administration::oidc::Settings> oidc;
  std::string public_url;  // by which people reach the server, when not by its own address; empty: not known
  std::chrono::hours sign_in_life{12};  // of a token that signing in gives
};

// What the environment held of master keys, taken out of it before there are threads.
struct KeyVariables {
  std::optional<administration::SecretBytes> current;  // CICLO_MASTER_KEY
  std::optional<administration::SecretBytes> next;     // CICLO_NEW_MASTER_KEY, for a change of the key
};
KeyVariables take_key_variables();

std::vector<cli::Option> server_options();
// At most one source of the master key may be given; without one it is <data>/master.key.
Result<Settings> read_settings(const cli::Options& options, KeyVariables& variables);

std::vector<cli::Option> rotation_options();
// Where the next key comes from: nothing when none was given (then a new one is made in the key's file).
Result<std::shared_ptr<const administration::MasterKeySource>> read_next_key(const cli::Options& options,
                                                                             KeyVariables& variables);

// <data>/ciclo.db and so on.
struct Folders {
  explicit Folders(const std::filesystem::path& data);
  std::filesystem::path data, database, blobs, jobs, endpoints, environments, collected, audit, admin_token, master_key,
      server_file;
};

}  // namespace ciclo::server
