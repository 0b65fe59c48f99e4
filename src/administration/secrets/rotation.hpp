// Which columns of the database are sealed with the master key, and their sealing again with another one.
//
// Every module that keeps sealed texts names them in a list of SealedColumn (as it names its migrations); the
// application puts the lists together.
//
// A rotation is one transaction: all sealed texts, the workspaces' new data keys and the master key's id change
// together or not at all. With the key in a file, the new key lies beside the old one before it (<file>.new), and takes
// its place after it; settle_key_file() finishes what a crash interrupted, so that a server starts at any point:
//
//   before the transaction   the database names the old key, <file> has it:      <file>.new is dropped
//   after it                 the database names the new key, <file>.new has it:  <file>.new becomes <file>
//
// Thread safety: plain functions, for a process that has the database to itself.
#pragma once

#include <string>
#include <vector>

#include "administration/secrets/sealing.hpp"
#include "base/clock.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct SealedColumn {
  std::string table;
  std::vector<std::string> key;  // the columns that name a row
  std::string column;
  // Whether its texts are bound to sealed_place(table, column, key's values).
  bool is_bound = true;
};
using SealedColumns = std::vector<SealedColumn>;

// The vault's own.
SealedColumns vault_sealed_columns();

struct RotationCount {
  std::int64_t sealed = 0;     // texts sealed again
  std::int64_t data_keys = 0;  // workspaces with a new data key for what will be set from now on
};

// Fails with conflict when the database was sealed with another key than the sealer's. The first time it notes the key,
// after it has opened one of each column with it.
Result<void> check_master_key(sql::Database& database, const Sealer& sealer, const SealedColumns& columns,
                              const Clock& clock);
Result<RotationCount> seal_again(sql::Database& database, const Sealer& from, const Sealer& to,
                                 const SealedColumns& columns, const Clock& clock);

// For a writer that seals something: the database is sealed with this key, and stays so until the transaction ends.
// Fails with unavailable when the master key was changed under a server that runs.
Result<void> hold_master_key(sql::Session& session, const Sealer& sealer);

std::filesystem::path next_key_file(const std::filesystem::path& key_file);  // <file>.new
// See the head of this file. Where there is no <file>.new it does nothing. The old key is kept as
// <file>.<its id>: backups of the database need it.
Result<void> settle_key_file(sql::Database& database, const std::filesystem::path& key_file);

}  // namespace ciclo::administration
