// The vault of every workspace: secrets with versions, sealed with a data key of the workspace, which is sealed with
// the server's master key. A ciphertext is bound to its workspace, name and version: in another row it does not open.
//
// The rights are those of the actions secrets/read, secrets/metadata/read, secrets/values/read, secrets/values/write
// and secrets/values/manage. The functions that end in _in leave them to their caller; use() judges.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "administration/secrets/known_values.hpp"
#include "administration/secrets/references.hpp"
#include "administration/secrets/sealing.hpp"
#include "administration/secrets/store.hpp"
#include "base/clock.hpp"
#include "base/private_pairs.hpp"
#include "base/wipe.hpp"
#include "resources/kind.hpp"

namespace ciclo::administration {

inline constexpr std::size_t longest_secret_bytes = 64U << 10U;

struct NewSecret {
  std::string workspace;
  std::string name;
  std::string_view value;
  std::string content_type;
  Json tags = Json::object();
  std::optional<TimePoint> expires_at;
  std::string created_by;
};

struct SecretKey {
  std::string workspace;
  std::string name;
  std::int64_t version = 0;  // 0: the newest
};

struct OpenedSecret {
  SecretVersion about;
  WipedText value;
};

// Who makes what read which secrets.
struct SecretsUse {
  resources::Caller caller;  // must hold secrets/values/read
  std::string workspace;
  const Json& variables;  // name: text; those without a reference are left out
  std::string used_by;    // ResourceKey::path(), for the audit log
};

struct UsedSecrets {
  UsedSecrets() = default;
  UsedSecrets(UsedSecrets&&) = default;
  UsedSecrets& operator=(UsedSecrets&&) = default;
  ~UsedSecrets();  // wipes the values

  PrivatePairs variables;           // with the values put in
  std::vector<std::string> values;  // the secrets' own, for masking
  std::vector<std::string> names;   // "db-password:3"
};

class Vault {
 public:
  // All must outlive the vault.
  struct Parts {
    sql::Database& database;
    const Sealer& sealer;
    const resources::AccessPolicy& access;
    resources::AuditSink& audit;
    KnownValues& known;
    const Clock& clock;
  };
  explicit Vault(Parts parts) : parts_(parts) {}

  // A new version. Fails with invalid, or too_large over longest_secret_bytes.
  Result<SecretVersion> put_in(sql::Session& session, const NewSecret& secret) const;
  // Fails with not_found, or conflict when the version is disabled or over its time.
  Result<OpenedSecret> open_in(sql::Session& session, const SecretKey& key) const;
  // All references in the variables put in; each secret's reading is in the audit log. Errors name the variable.
  Result<UsedSecrets> use(const SecretsUse& use) const;
  const Parts& parts() const { return parts_; }
  static const SecretStore& store();

 private:
  Result<SecretBytes> data_key_in(sql::Session& session, const DataKeyRow& row) const;
  Result<std::pair<std::int64_t, SecretBytes>> newest_data_key_in(sql::Session& session,
                                                                  const std::string& workspace) const;
  Result<void> audit_use_in(sql::Session& session, const SecretsUse& use, const SecretVersion& secret,
                            const resources::Decision& decision) const;
  Parts parts_;
};

// Every secret that the variables refer to is there and may be used, and the caller may read it. In the transaction
// that takes the resource. Error targets lie below `pointer`.
Result<void> check_secret_references(const resources::CheckContext& context, const std::string& workspace,
                                     const Json& variables, const std::string& pointer);
// The text with the newest version put into references that name none: what it means now. Other text stays.
Result<std::string> pin_secrets(sql::Session& session, const std::string& workspace, const std::string& text);

// "/workspaces/dev/secret/db-password", "secret/db-password"
std::string secret_path(const std::string& workspace, const std::string& name);
std::string secret_subject(const std::string& name);

// For the deletion of a workspace: fails with conflict while it has secrets.
Result<void> check_no_secrets(sql::Session& session, const std::string& workspace);

}  // namespace ciclo::administration
