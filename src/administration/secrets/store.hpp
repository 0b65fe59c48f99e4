// The tables of the vault: which master key sealed it, a data key for each workspace, and the versions of secrets.
// Bytes only; the rules are in vault.hpp.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct SecretVersion {
  std::string workspace;
  std::string name;
  std::int64_t version = 0;  // from 1; never given twice, also not after the secret was deleted
  std::string content_type;
  Json tags = Json::object();
  bool enabled = true;
  std::optional<TimePoint> expires_at;
  TimePoint created_at;
  std::string created_by;
};

struct SealedSecret {
  SecretVersion about;
  std::int64_t data_key = 0;  // which of the workspace's sealed it
  std::string ciphertext;
};

struct DataKeyRow {
  std::string workspace;
  std::int64_t number = 0;
  std::string sealed;
};

struct VaultSummary {
  std::int64_t secrets = 0;
  std::int64_t versions = 0;
  std::optional<TimePoint> changed_at;
};

class SecretStore {
 public:
  // The id of the master key that the database is sealed with; nothing when that was never written down.
  enum class Lock : std::uint8_t { none, keep, change };  // until the transaction ends
  Result<std::optional<std::string>> master_key_id(sql::Session& session, Lock lock = Lock::none) const;
  Result<void> set_master_key_id(sql::Session& session, const std::string& id, TimePoint now) const;

  // The newest data key of a workspace, or the one of that number.
  Result<std::optional<DataKeyRow>> find_data_key(sql::Session& session, const std::string& workspace,
                                                  std::int64_t number = 0) const;
  Result<void> add_data_key(sql::Session& session, const DataKeyRow& key, TimePoint now) const;
  Result<std::vector<std::string>> workspaces_with_data_keys(sql::Session& session) const;

  // Takes the next version number of a name.
  Result<std::int64_t> next_version(sql::Session& session, const std::string& workspace, const std::string& name) const;
  Result<void> insert(sql::Session& session, const SealedSecret& secret) const;
  // Version 0: the newest.
  Result<std::optional<SealedSecret>> find(sql::Session& session, const std::string& workspace, const std::string& name,
                                           std::int64_t version) const;
  // Newest first.
  Result<std::vector<SecretVersion>> versions(sql::Session& session, const std::string& workspace,
                                              const std::string& name) const;
  // The newest version of each secret, by name, after `after`.
  Result<std::vector<SecretVersion>> list(sql::Session& session, const std::string& workspace, const std::string& after,
                                          std::size_t limit) const;
  Result<void> change(sql::Session& session, const SecretVersion& version) const;  // enabled and expires_at
  // All versions. On SQLite the freed pages are overwritten with zeroes. The number of versions that were there.
  Result<std::int64_t> erase(sql::Session& session, const std::string& workspace, const std::string& name) const;
  Result<VaultSummary> summary(sql::Session& session, const std::string& workspace) const;
};

std::vector<sql::Migration> secret_migrations();

}  // namespace ciclo::administration
