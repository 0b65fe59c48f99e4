// A database with the audit log's tables, on either engine, for the tests of this module.
//
// Thread safety: as its parts.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "administration/audit/audit_log.hpp"
#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "platform/sql/testing/postgres_server.hpp"

namespace ciclo::administration {

class AuditDatabaseTest : public ::testing::TestWithParam<sql::Dialect> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-audit-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    url_ = "sqlite:" + (folder_ / "test.db").string();
    if (GetParam() == sql::Dialect::postgresql) {
      const auto server = sql::testing::PostgresServer::shared();
      ASSERT_TRUE(server) << server.error().text();
      const auto url = (*server)->create_database();
      ASSERT_TRUE(url) << url.error().text();
      url_ = *url;
    }
    auto opened = sql::Database::open(url_);
    ASSERT_TRUE(opened) << opened.error().text();
    database_ = *std::move(opened);
    migrate(migrations());
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void migrate(const std::vector<sql::Migration>& steps) {
    const auto migrated = database_->migrate(steps);
    ASSERT_TRUE(migrated) << migrated.error().text();
  }
  void execute(const std::string& statement, std::initializer_list<sql::Value> values = {}) {
    const auto done = database_->write([&](sql::Session& session) { return session.execute(statement, values); });
    ASSERT_TRUE(done) << statement << ": " << done.error().text();
  }
  std::int64_t number(const std::string& statement) {
    const auto row = database_->read([&](sql::Session& session) { return session.query_one(statement); });
    EXPECT_TRUE(row) << row.error().text();
    return row && *row ? (*row)->integer(0) : -1;
  }
  std::string text(const std::string& statement) {
    const auto row = database_->read([&](sql::Session& session) { return session.query_one(statement); });
    return row && *row ? (*row)->text(0) : "";
  }

  AuditLog::Parts parts() {
    return {.database = *database_,
            .clock = clock_,
            .sealing = {.seal = [](std::string_view secret) { return "sealed:" + std::string(hex(secret)); },
                        .open = [](std::string_view sealed) { return unhex(sealed.substr(7)); }},
            .folder = folder_ / "audit",
            .on_failure = [this](std::string_view failure) { EXPECT_TRUE(may_fail_) << failure; }};
  }
  // Null, with a failure told, when it cannot be opened.
  std::unique_ptr<AuditLog> open() {
    auto log = AuditLog::open(parts());
    EXPECT_TRUE(log) << log.error().text();
    return log ? *std::move(log) : nullptr;
  }

  static std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
      text += digits[static_cast<unsigned char>(byte) >> 4U];
      text += digits[static_cast<unsigned char>(byte) & 15U];
    }
    return text;
  }
  static Result<std::string> unhex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
      bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    return bytes;
  }
  static resources::AuditEntry entry(std::string target, bool allowed = true, std::string principal = "maria") {
    return {.caller = {.principal = std::move(principal), .only_workspace = {}, .token_id = "t1", .request_id = "r1"},
            .action = "storage/read",
            .operation = "GET",
            .workspace = "dev",
            .target = std::move(target),
            .decision = {allowed, allowed ? "reader of workspace 'dev'" : "no role allows it"}};
  }

  std::filesystem::path folder_;
  std::string url_;
  std::atomic<bool> may_fail_ = false;  // whether the log's thread may have failures to tell
  FakeClock clock_;
  std::unique_ptr<sql::Database> database_;
};

inline std::string engine_name(const ::testing::TestParamInfo<sql::Dialect>& tested) {
  return tested.param == sql::Dialect::sqlite ? "SQLite" : "PostgreSQL";
}
inline auto both_engines() {
  return ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgresql);
}

}  // namespace ciclo::administration
