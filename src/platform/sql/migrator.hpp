// Brings a database's schema up to date. Internal to platform/sql.
//
// What has landed is kept in the table ciclo_migrations(module, version, checksum, applied_at), with the SHA-256 of
// each step's text, so that an edited step is noticed instead of silently differing between installations.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sql/connection.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::sql {

// All steps that have not landed, in one transaction: modules in the order they first appear, steps by version.
// Several servers may start at once on one PostgreSQL: they take turns.
Result<void> run_migrations(Connection& connection, Dialect dialect, std::span<const Migration> migrations);

// The statements of a step in the engine's own words, split at each `;` that ends a line.
std::vector<std::string> migration_statements(std::string_view text, Dialect dialect);

}  // namespace ciclo::sql
