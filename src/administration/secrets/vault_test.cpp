#include "administration/secrets/vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "administration/secrets/rotation.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {
namespace {

// Lets everybody but "nobody" do everything.
class FakePolicy final : public resources::AccessPolicy {
 public:
  resources::Decision decide(const resources::Caller& caller, std::string_view action,
                             const resources::Place& place) const override {
    asked.push_back(std::string(action) + " " + std::string(place.resource));
    if (caller.principal == "nobody" && action == "secrets/values/read") return {false, "no role"};
    return {true, "rule"};
  }
  mutable std::vector<std::string> asked;
};

class FakeAudit final : public resources::AuditSink {
 public:
  Result<void> record(sql::Session&, const resources::AuditEntry& entry) override {
    rows.push_back(entry.operation + " " + entry.target + " " + to_text(entry.detail));
    return {};
  }
  std::vector<std::string> rows;
};

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-vault-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    database = *sql::Database::open("sqlite:" + (folder / "vault.db").string());
    EXPECT_TRUE(database->migrate(secret_migrations()));
    sealer.emplace(*Sealer::open(folder / "master.key"));
    restart();
  }
  ~VaultTest() override {
    vault.reset();
    database.reset();
    std::filesystem::remove_all(folder);
  }
  void restart() { vault.emplace(Vault::Parts{*database, *sealer, policy, audit, known, clock}); }

  Result<SecretVersion> put(const std::string& name, std::string_view value, const std::string& workspace = "dev") {
    return database->write([&](sql::Session& session) {
      return vault->put_in(session, {.workspace = workspace, .name = name, .value = value, .created_by = "ana"});
    });
  }
  Result<std::string> open(const std::string& name, std::int64_t version = 0, const std::string& workspace = "dev") {
    return database->read([&](sql::Session& session) -> Result<std::string> {
      CICLO_TRY(const auto opened, vault->open_in(session, {workspace, name, version}));
      return opened.value.get();
    });
  }
  std::int64_t execute(std::string_view statement) {
    const auto changed = database->write([&](sql::Session& session) { return session.execute(statement); });
    EXPECT_TRUE(changed) << changed.error().text();
    return changed.value_or(-1);
  }
  static resources::Caller caller(const std::string& name) {
    return resources::Caller{.principal = name, .only_workspace = {}, .token_id = {}, .request_id = {}};
  }

  std::filesystem::path folder;
  FakeClock clock;
  std::unique_ptr<sql::Database> database;
  std::optional<Sealer> sealer;
  FakePolicy policy;
  FakeAudit audit;
  KnownValues known;
  std::optional<Vault> vault;
};

TEST_F(VaultTest, KeepsVersionsAndGivesNoNumberTwice) {
  EXPECT_EQ(put("db", "first value")->version, 1);
  EXPECT_EQ(put("db", "second value")->version, 2);
  EXPECT_EQ(*open("db"), "second value");
  EXPECT_EQ(*open("db", 1), "first value");
  EXPECT_EQ(open("db", 3).error().code, ErrorCode::not_found);
  EXPECT_EQ(open("other").error().code, ErrorCode::not_found);
  EXPECT_EQ(*database->write([&](sql::Session& session) { return Vault::store().erase(session, "dev", "db"); }), 2);
  EXPECT_EQ(open("db").error().code, ErrorCode::not_found);
  EXPECT_EQ(put("db", "third value")->version, 3);
}

TEST_F(VaultTest, RefusesWhatItCannotKeep) {
  EXPECT_EQ(put("a/b", "value").error().target, "/name");
  EXPECT_EQ(put(std::string(128, 'a'), "value").error().code, ErrorCode::invalid);
  EXPECT_TRUE(put(std::string(127, 'a'), "value"));
  EXPECT_EQ(put("db", "").error().target, "/value");
  const std::string longest(longest_secret_bytes, 'x');
  EXPECT_TRUE(put("db", longest));
  const auto refused = put("db", longest + "y");
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_EQ(refused.error().text().find("xxx"), std::string::npos);
}

TEST_F(VaultTest, DoesNotOpenDisabledOrExpiredVersions) {
  SecretVersion version = *put("db", "the value");
  version.enabled = false;
  ASSERT_TRUE(database->write([&](sql::Session& session) { return Vault::store().change(session, version); }));
  EXPECT_EQ(open("db").error().code, ErrorCode::conflict);
  version.enabled = true;
  version.expires_at = clock.now() + std::chrono::hours(1);
  ASSERT_TRUE(database->write([&](sql::Session& session) { return Vault::store().change(session, version); }));
  EXPECT_EQ(*open("db"), "the value");
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(open("db").error().code, ErrorCode::conflict);
}

TEST_F(VaultTest, ACiphertextInAnotherRowDoesNotOpen) {
  ASSERT_TRUE(put("a", "value of a"));
  ASSERT_TRUE(put("b", "value of b"));
  ASSERT_TRUE(put("a", "value in prod", "prod"));
  ASSERT_EQ(execute("UPDATE vault_secrets SET ciphertext = (SELECT ciphertext FROM vault_secrets WHERE workspace = "
                    "'dev' AND name = 'a') WHERE workspace = 'dev' AND name = 'b'"),
            1);
  EXPECT_EQ(open("b").error().code, ErrorCode::internal);
  ASSERT_EQ(execute("UPDATE vault_secrets SET version = 2 WHERE workspace = 'dev' AND name = 'a'"), 1);
  EXPECT_EQ(open("a").error().code, ErrorCode::internal);
  // A data key moved to another workspace.
  ASSERT_EQ(execute("UPDATE vault_data_keys SET sealed = (SELECT sealed FROM vault_data_keys WHERE workspace = 'dev') "
                    "WHERE workspace = 'prod'"),
            1);
  EXPECT_EQ(open("a", 0, "prod").error().code, ErrorCode::internal);
}

TEST_F(VaultTest, PutsValuesIntoVariablesForWhoMayReadThem) {
  ASSERT_TRUE(put("db", "old password"));
  ASSERT_TRUE(put("db", "new password"));
  const Json variables = {
      {"PLAIN", "x"}, {"NUMBER", 7}, {"URL", "pg://u:${{secrets.db}}@h"}, {"OLD", "${{ secrets.db:1 }}"}};
  const auto used = vault->use({caller("ana"), "dev", variables, "/workspaces/dev/job/j"});
  ASSERT_TRUE(used) << used.error().text();
  EXPECT_EQ(used->variables, (PrivatePairs{{"URL", "pg://u:new password@h"}, {"OLD", "old password"}}));
  EXPECT_EQ(used->names, (std::vector<std::string>{"db:2", "db:1"}));
  EXPECT_EQ(policy.asked.back(), "secrets/values/read secret/db");
  ASSERT_EQ(audit.rows.size(), 2U);
  EXPECT_EQ(audit.rows[0], R"(use secret /workspaces/dev/secret/db {"version":2,"used_by":"/workspaces/dev/job/j"})");
  const auto refused = vault->use({caller("nobody"), "dev", variables, "/workspaces/dev/job/j"});
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_EQ(refused.error().target, "/environment_variables/URL");
  ASSERT_TRUE(put("nul", std::string_view("a\0bcdefg", 8)));
  EXPECT_FALSE(vault->use({caller("ana"), "dev", {{"V", "${{secrets.nul}}"}}, "x"}));
  EXPECT_EQ(known.mask("the new password is"), "the *** is");
}

TEST_F(VaultTest, PinsReferencesToVersions) {
  ASSERT_TRUE(put("db", "one"));
  ASSERT_TRUE(put("db", "two"));
  const auto pin = [&](const std::string& text) {
    return database->read([&](sql::Session& session) { return pin_secrets(session, "dev", text); });
  };
  EXPECT_EQ(*pin("a${{secrets.db}}b${{secrets.db:1}}"), "a${{secrets.db:2}}b${{secrets.db:1}}");
  EXPECT_EQ(*pin("${{inputs.x}}"), "${{inputs.x}}");
  EXPECT_EQ(pin("${{secrets.gone}}").error().code, ErrorCode::not_found);
}

class RotationTest : public VaultTest {
 protected:
  // As a server does it at its start.
  Result<std::string> start() {
    CICLO_CHECK(settle_key_file(*database, key_file));
    CICLO_TRY(auto key,
              load_master_key({.from = MasterKeySource::From::file, .file = key_file, .may_make_file = false}));
    sealer.emplace(std::move(key));
    CICLO_CHECK(check_master_key(*database, *sealer, columns, clock));
    restart();
    return open("db");
  }
  Sealer make_next_key() {
    auto key = SecretBytes::random(32);
    EXPECT_TRUE(write_key_file(next_key_file(key_file), key));
    return Sealer(master_key_of(std::move(key)));
  }
  const std::filesystem::path key_file = folder / "master.key";
  SealedColumns columns = vault_sealed_columns();
};

TEST_F(RotationTest, SealsEverythingAgain) {
  ASSERT_TRUE(put("db", "the value"));
  ASSERT_EQ(*start(), "the value");
  const std::string old_id = sealer->key_id();
  const Sealer next = make_next_key();
  const auto count = seal_again(*database, *sealer, next, columns, clock);
  ASSERT_TRUE(count) << count.error().text();
  EXPECT_EQ(count->sealed, 1);
  EXPECT_EQ(count->data_keys, 1);
  EXPECT_FALSE(open("db"));  // with the old key
  EXPECT_EQ(put("x", "value", "new-workspace").error().code, ErrorCode::unavailable);
  EXPECT_EQ(*start(), "the value");
  EXPECT_NE(sealer->key_id(), old_id);
  EXPECT_TRUE(std::filesystem::exists(key_file.string() + "." + old_id));
  EXPECT_FALSE(std::filesystem::exists(next_key_file(key_file)));
  // What is set from now on has a data key that the old master key never sealed.
  ASSERT_TRUE(put("db", "newer"));
  EXPECT_EQ(*start(), "newer");
  const auto used = database->read(
      [](sql::Session& session) { return session.query_one("SELECT MAX(data_key) FROM vault_secrets"); });
  EXPECT_EQ(used.value()->integer(0), 2);
}

TEST_F(RotationTest, AServerStartsWhereverARotationWasCut) {
  ASSERT_TRUE(put("db", "the value"));
  ASSERT_TRUE(start());
  // The next key is written, perhaps in part, and nothing is sealed with it.
  std::ofstream(next_key_file(key_file)) << "torn";
  EXPECT_EQ(*start(), "the value");
  EXPECT_FALSE(std::filesystem::exists(next_key_file(key_file)));
  make_next_key();
  EXPECT_EQ(*start(), "the value");
  // It fails in the middle of the transaction: one column cannot be sealed again.
  Sealer next = make_next_key();
  SealedColumns broken = columns;
  broken.push_back({.table = "vault_secrets", .key = {"workspace", "name", "version"}, .column = "ciphertext"});
  EXPECT_FALSE(seal_again(*database, *sealer, next, broken, clock));
  EXPECT_EQ(*start(), "the value");
  // Sealed again, and the file not yet in its place.
  next = make_next_key();
  ASSERT_TRUE(seal_again(*database, *sealer, next, columns, clock));
  std::filesystem::copy_file(key_file, folder / "kept");
  EXPECT_EQ(*start(), "the value");
  // The old file is out of the way, and the next one not yet in its place.
  std::filesystem::rename(key_file, next_key_file(key_file));
  EXPECT_EQ(*start(), "the value");
  // The old key after that: the database says which one it needs.
  std::filesystem::rename(folder / "kept", key_file);
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().message.find(next.key_id()), std::string::npos);
}

TEST_F(RotationTest, TakesAndRotatesTheFormThatCameBefore) {
  // As the server before this one sealed: a raw key file, crypto_secretbox, base64.
  const std::string key(32, 'k');
  std::filesystem::remove(key_file);
  ASSERT_TRUE(write_key_file(key_file, SecretBytes::copy_of(key)));
  execute("CREATE TABLE old_form (name TEXT PRIMARY KEY, sealed TEXT)");
  execute(
      "INSERT INTO old_form VALUES ('x', "
      "'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXSwXFErHmg3uGiIv4AUiZkgXXDhIZ3mU=')");
  columns.push_back({.table = "old_form", .key = {"name"}, .column = "sealed"});
  const auto sealed = [&] {
    return database->read([](sql::Session& s) { return s.query_one("SELECT sealed FROM old_form"); }).value()->text(0);
  };
  EXPECT_EQ(start().error().code, ErrorCode::not_found);  // the key is right; there is no secret 'db'
  EXPECT_EQ(*sealer->open_sealed(sealed()), "hunter2");
  const Sealer next = make_next_key();
  ASSERT_TRUE(seal_again(*database, *sealer, next, columns, clock));
  EXPECT_TRUE(sealed().starts_with("k1:" + next.key_id() + ":"));
  EXPECT_EQ(*next.open_sealed(sealed(), sealed_place("old_form", "sealed", {"x"})), "hunter2");
}

}  // namespace
}  // namespace ciclo::administration
