#include "administration/secrets/rotation.hpp"

#include <fmt/format.h>

#include "administration/secrets/key_text.hpp"
#include "administration/secrets/store.hpp"
#include "base/text.hpp"
#include "base/wipe.hpp"

namespace ciclo::administration {
namespace {

struct SealedRow {
  std::vector<std::string> key;
  std::string sealed;
};

// The rows of a column. A data key's number is a number in the database and text in its place.
Result<std::vector<SealedRow>> rows_of(sql::Session& session, const SealedColumn& column, bool only_one) {
  std::string names;
  for (const std::string& key : column.key) names += fmt::format("CAST({} AS TEXT), ", key);
  CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {}{} FROM {}{}", names, column.column, column.table,
                                                       only_one ? " LIMIT 1" : "")));
  std::vector<SealedRow> found;
  for (const sql::Row& row : rows) {
    SealedRow one;
    for (std::size_t i = 0; i < column.key.size(); ++i) one.key.push_back(row.text(i));
    one.sealed = row.text(column.key.size());
    if (!one.sealed.empty()) found.push_back(std::move(one));
  }
  return found;
}

std::string place_of(const SealedColumn& column, const SealedRow& row) {
  if (!column.is_bound) return {};
  return sealed_place(column.table, column.column, std::span<const std::string>(row.key));
}

Result<void> write_row(sql::Session& session, const SealedColumn& column, const SealedRow& row,
                       const std::string& sealed) {
  std::vector<std::string> where;
  std::vector<sql::Value> values{sealed};
  for (std::size_t i = 0; i < column.key.size(); ++i) {
    where.push_back(fmt::format("CAST({} AS TEXT) = ?", column.key[i]));
    values.emplace_back(row.key[i]);
  }
  CICLO_TRY(const auto changed, session.execute(fmt::format("UPDATE {} SET {} = ? WHERE {}", column.table,
                                                            column.column, join(where, " AND ")),
                                                std::span<const sql::Value>(values)));
  if (changed != 1)
    return fail(ErrorCode::internal, fmt::format("{} rows of {} changed in place of one", changed, column.table));
  return {};
}

Failure wrong_key(const std::string& needed, const std::string& given) {
  return fail(
      ErrorCode::conflict,
      fmt::format("the database is sealed with master key {}, and the key given is {}", needed, given), {},
      "give the key it was sealed with (--master-key-file, --master-key-command or CICLO_MASTER_KEY); to change "
      "it: ciclo server rotate-master-key");
}

}  // namespace

SealedColumns vault_sealed_columns() {
  return {{.table = "vault_data_keys", .key = {"workspace", "number"}, .column = "sealed"}};
}

Result<void> check_master_key(sql::Database& database, const Sealer& sealer, const SealedColumns& columns,
                              const Clock& clock) {
  const SecretStore store;
  CICLO_TRY(const auto known, database.read([&](sql::Session& session) { return store.master_key_id(session); }));
  if (known && *known == sealer.key_id()) return {};
  if (known) return wrong_key(*known, sealer.key_id());
  return database.write([&](sql::Session& session) -> Result<void> {
    for (const SealedColumn& column : columns) {
      CICLO_TRY(const auto rows, rows_of(session, column, true));
      for (const SealedRow& row : rows) {
        auto opened = sealer.open_sealed(row.sealed, place_of(column, row));
        if (!opened) return wrong_key("that is not this one", sealer.key_id());
        wipe(*opened);
      }
    }
    return store.set_master_key_id(session, sealer.key_id(), clock.now());
  });
}

Result<RotationCount> seal_again(sql::Database& database, const Sealer& from, const Sealer& to,
                                 const SealedColumns& columns, const Clock& clock) {
  const SecretStore store;
  return database.write([&](sql::Session& session) -> Result<RotationCount> {
    RotationCount count;
    CICLO_TRY(const auto known, store.master_key_id(session, SecretStore::Lock::change));
    if (!known || *known != from.key_id()) return wrong_key(known.value_or("unknown"), from.key_id());
    for (const SealedColumn& column : columns) {
      CICLO_TRY(const auto rows, rows_of(session, column, false));
      for (const SealedRow& row : rows) {
        const std::string place = place_of(column, row);
        auto opened = from.open_sealed(row.sealed, place);
        if (!opened) return Failure(opened.error().add_context(fmt::format("{} of {}", column.column, column.table)));
        const WipedText secret(std::move(*opened));
        CICLO_CHECK(write_row(session, column, row, to.seal(secret.get(), place)));
        ++count.sealed;
      }
    }
    CICLO_TRY(const auto workspaces, store.workspaces_with_data_keys(session));
    for (const std::string& workspace : workspaces) {
      CICLO_TRY(const auto newest, store.find_data_key(session, workspace));
      const std::int64_t number = newest ? newest->number + 1 : 1;
      const SecretBytes key = SecretBytes::random(master_key_bytes);
      const std::string place = sealed_place("vault_data_keys", "sealed", {workspace, std::to_string(number)});
      CICLO_CHECK(store.add_data_key(session, {workspace, number, to.seal(key.view(), place)}, clock.now()));
      ++count.data_keys;
    }
    CICLO_CHECK(store.set_master_key_id(session, to.key_id(), clock.now()));
    return count;
  });
}

Result<void> hold_master_key(sql::Session& session, const Sealer& sealer) {
  CICLO_TRY(const auto known, SecretStore().master_key_id(session, SecretStore::Lock::keep));
  if (!known || *known == sealer.key_id()) return {};
  return fail(ErrorCode::unavailable, "the master key was changed while this server runs", {},
              "start the server again with the new key");
}

std::filesystem::path next_key_file(const std::filesystem::path& key_file) {
  return key_file.string() + ".new";
}

Result<void> settle_key_file(sql::Database& database, const std::filesystem::path& key_file) {
  const auto next = next_key_file(key_file);
  std::error_code error;
  if (!std::filesystem::exists(next, error)) return {};
  const SecretStore store;
  CICLO_TRY(const auto known, database.read([&](sql::Session& session) { return store.master_key_id(session); }));
  const MasterKeySource old_source{.from = MasterKeySource::From::file, .file = key_file, .may_make_file = false};
  const MasterKeySource new_source{.from = MasterKeySource::From::file, .file = next, .may_make_file = false};
  const auto old_key = load_master_key(old_source);
  const auto new_key = load_master_key(new_source);
  if (new_key && known && new_key->id == *known) {
    // A name of its own, never written over: what an earlier crash left there is the same key.
    if (old_key && old_key->id != new_key->id)
      CICLO_CHECK(move_key_file(key_file, key_file.string() + "." + old_key->id));
    return move_key_file(next, key_file);
  }
  // Written, perhaps not whole, and never used.
  if (old_key && (!known || old_key->id == *known)) std::filesystem::remove(next, error);
  return {};
}

}  // namespace ciclo::administration
