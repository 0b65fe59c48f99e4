#include "platform/sql/migrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

namespace ciclo::sql {

namespace {

// Any constant: the name under which servers take turns.
constexpr std::string_view lock_turn = "SELECT pg_advisory_xact_lock(4851938201)";
constexpr std::string_view create_table =
    "CREATE TABLE IF NOT EXISTS ciclo_migrations (module TEXT NOT NULL, version BIGINT NOT NULL, checksum TEXT NOT "
    "NULL, "
    "applied_at BIGINT NOT NULL, PRIMARY KEY (module, version))";

std::vector<Migration> in_order(std::span<const Migration> migrations) {
  std::map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < migrations.size(); ++i) first.try_emplace(migrations[i].module, i);
  std::vector<Migration> ordered(migrations.begin(), migrations.end());
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Migration& a, const Migration& b) {
    return std::pair(first[a.module], a.version) < std::pair(first[b.module], b.version);
  });
  return ordered;
}

using Landed = std::map<std::pair<std::string, std::int64_t>, std::string>;

Result<Landed> landed_steps(Connection& connection) {
  CICLO_TRY(const auto rows, connection.query("SELECT module, version, checksum FROM ciclo_migrations", {}));
  Landed landed;
  for (const Row& row : rows) landed[{row.text(0), row.integer(1)}] = row.text(2);
  return landed;
}

Result<void> check(const std::vector<Migration>& ordered, const Landed& landed) {
  std::map<std::string, std::int64_t> newest;
  for (const Migration& step : ordered) {
    auto [known, added] = newest.try_emplace(std::string(step.module), step.version);
    if (!added && known->second == step.version) {
      return fail(ErrorCode::internal, fmt::format("migration {} {} is declared twice", step.module, step.version));
    }
    known->second = step.version;
  }
  for (const auto& [key, checksum] : landed) {
    const auto& [module, version] = key;
    const auto known = newest.find(module);
    if (known != newest.end() && version > known->second) {
      return fail(ErrorCode::conflict,
                  fmt::format("the database is of a newer version of this program ({} is at {}, this program knows {})",
                              module, version, known->second),
                  "database", "run the newer version of the program");
    }
  }
  return {};
}

Result<void> apply(Connection& connection, Dialect dialect, const Migration& step, const std::string& checksum) {
  for (const std::string& statement : migration_statements(step.statements, dialect)) {
    if (auto done = connection.define(statement); !done) {
      done.error().add_context(fmt::format("migration {} {}", step.module, step.version));
      return done;
    }
  }
  const std::array<Value, 4> row = {Value(step.module), Value(step.version), Value(checksum),
                                    Value(to_unix_ms(SystemClock().now()))};
  CICLO_TRY(std::ignore, connection.execute("INSERT INTO ciclo_migrations (module, version, checksum, applied_at) "
                                            "VALUES (?, ?, ?, ?)",
                                            row));
  return {};
}

Result<void> migrate_in_transaction(Connection& connection, Dialect dialect, const std::vector<Migration>& ordered) {
  if (dialect == Dialect::postgresql) {
    CICLO_TRY(std::ignore, connection.query(lock_turn, {}));
  }
  CICLO_CHECK(connection.define(create_table));
  CICLO_TRY(const Landed landed, landed_steps(connection));
  CICLO_CHECK(check(ordered, landed));
  for (const Migration& step : ordered) {
    const std::string checksum = sha256_hex(step.statements);
    const auto known = landed.find({std::string(step.module), step.version});
    if (known == landed.end()) {
      CICLO_CHECK(apply(connection, dialect, step, checksum));
    } else if (known->second != checksum) {
      return fail(ErrorCode::conflict,
                  fmt::format("migration {} {} was changed after it had been applied to this database", step.module,
                              step.version),
                  "database", "put the change into a new migration");
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> migration_statements(std::string_view text, Dialect dialect) {
  const bool sqlite = dialect == Dialect::sqlite;
  std::string own(text);
  own = replace_all(std::move(own), "{{blob}}", sqlite ? "BLOB" : "BYTEA");
  own = replace_all(std::move(own), "{{auto_id}}",
                    sqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "BIGSERIAL PRIMARY KEY");
  // A table kept in the order of its primary key, without a second tree (rows are found by their whole key).
  own = replace_all(std::move(own), "{{clustered}}", sqlite ? "WITHOUT ROWID" : "");
  std::vector<std::string> statements;
  std::string current;
  const auto finish = [&] {
    if (!trim(current).empty()) statements.emplace_back(trim(current));
    current.clear();
  };
  for (const std::string& line : split(own, '\n')) {
    std::string_view content = trim(line);
    const bool ends = content.ends_with(';');
    if (ends) content.remove_suffix(1);
    current.append(content).push_back('\n');
    if (ends) finish();
  }
  finish();
  return statements;
}

Result<void> run_migrations(Connection& connection, Dialect dialect, std::span<const Migration> migrations) {
  CICLO_CHECK(connection.begin());
  auto done = migrate_in_transaction(connection, dialect, in_order(migrations));
  if (done) done = connection.control("COMMIT");
  if (!done && connection.in_transaction()) std::ignore = connection.control("ROLLBACK");
  return done;
}

}  // namespace ciclo::sql
