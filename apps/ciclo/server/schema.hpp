// The database of a server: where it is, its tables, and the key that its secrets are sealed with.
#pragma once

#include <string>
#include <vector>

#include "administration/secrets/master_key.hpp"
#include "base/clock.hpp"
#include "platform/sql/database.hpp"
#include "server/settings.hpp"

namespace ciclo::server {

std::string database_url(const Settings& settings);
// Every module's.
std::vector<sql::Migration> all_migrations();
// Finishes a change of the key's file that a crash interrupted, and makes sure that the database is sealed with the
// key.
Result<administration::MasterKey> open_master_key(sql::Database& database, const Settings& settings,
                                                  const Clock& clock);

}  // namespace ciclo::server
