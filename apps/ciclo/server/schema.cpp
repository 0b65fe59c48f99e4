#include "server/schema.hpp"

#include "administration/access/store.hpp"
#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "administration/oidc/migrations.hpp"
#include "administration/secrets/rotation.hpp"
#include "administration/secrets/store.hpp"
#include "administration/sign_in/migrations.hpp"
#include "inner_loop/evaluation/migrations.hpp"
#include "inner_loop/jobs/store.hpp"
#include "inner_loop/traces/migrations.hpp"
#include "inner_loop/tracking/migrations.hpp"
#include "monitoring/schedule_store.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "outer_loop/triggers/store.hpp"
#include "outer_loop/webhooks/store.hpp"
#include "platform/events/event_log.hpp"
#include "registry/model_index.hpp"
#include "resources/store.hpp"
#include "server/key_rotation.hpp"

namespace ciclo::server {

std::string database_url(const Settings& settings) {
  return settings.database.empty() ? "sqlite:" + Folders(settings.data).database.string() : settings.database;
}

std::vector<sql::Migration> all_migrations() {
  std::vector<sql::Migration> all;
  for (const auto& module :
       {events::migrations(), resources::migrations(), administration::migrations(),
        administration::access_migrations(), administration::audit_migrations(), administration::secret_migrations(),
        administration::sign_in_migrations(), administration::oidc::migrations(), tracking::migrations(),
        evaluation::migrations(), registry::migrations(), inner_loop::job_migrations(),
        outer_loop::trigger_migrations(), outer_loop::webhook_migrations(), outer_loop::endpoint_migrations(),
        monitoring::migrations(), traces::migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

Result<administration::MasterKey> open_master_key(sql::Database& database, const Settings& settings,
                                                  const Clock& clock) {
  const administration::MasterKeySource& source = *settings.master_key;
  const bool is_file = source.from == administration::MasterKeySource::From::file;
  if (is_file) CICLO_CHECK(administration::settle_key_file(database, source.file));
  CICLO_TRY(const auto known,
            database.read([](sql::Session& session) { return administration::SecretStore().master_key_id(session); }));
  // A lost key is not replaced by a new one: what it sealed would stay closed.
  std::error_code error;
  if (is_file && known && !std::filesystem::exists(source.file, error))
    return fail(ErrorCode::not_found, "the master key file is missing", source.file.string(),
                "restore it from a backup: the secrets in the database cannot be read without it");
  CICLO_TRY(auto key, administration::load_master_key(source));
  const administration::Sealer sealer(
      administration::master_key_of(administration::SecretBytes::copy_of(key.bytes.view())));
  CICLO_CHECK(administration::check_master_key(database, sealer, all_sealed_columns(), clock));
  return key;
}

}  // namespace ciclo::server
