// A whole resource service on a database in a temporary folder, for the tests of all modules that have kinds.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "platform/events/event_log.hpp"
#include "platform/sql/database.hpp"
#include "resources/service.hpp"

namespace ciclo::resources {

// Allows everything to everybody but "nobody"; keeps what was recorded.
class FakeAccess final : public AccessPolicy, public AuditSink {
 public:
  Decision decide(const Caller& caller, std::string_view, const Place&) const override {
    return {caller.principal != "nobody", "fake"};
  }
  Result<void> record(sql::Session&, const AuditEntry& entry) override {
    entries.push_back(entry);
    return {};
  }
  std::vector<AuditEntry> entries;
};

// Throws std::runtime_error when it cannot be set up; tests only.
class TestResources {
 public:
  explicit TestResources(KindTable table, std::vector<sql::Migration> more = {}) : kinds(std::move(table)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ciclo-resources-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    auto opened = sql::Database::open("sqlite:" + (folder / "test.db").string());
    if (!opened) throw std::runtime_error(opened.error().text());
    database = *std::move(opened);
    std::vector<sql::Migration> all = events::migrations();
    for (const auto& module : {migrations(), more}) all.insert(all.end(), module.begin(), module.end());
    if (auto migrated = database->migrate(all); !migrated) throw std::runtime_error(migrated.error().text());
    events = std::make_unique<events::EventLog>(*database, clock);
    service = std::make_unique<ResourceService>(
        ResourceService::Parts{*database, *events, kinds, store, access, access, clock});
  }
  ~TestResources() {
    service.reset();
    events.reset();
    database.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  TestResources(const TestResources&) = delete;
  TestResources& operator=(const TestResources&) = delete;

  Result<Resource> create(const std::string& workspace, const std::string& kind, Json document) {
    return service->create(
        caller, {.workspace = workspace, .kind = kind, .parent = "", .document = std::move(document), .owner = ""});
  }

  std::filesystem::path folder;
  FakeClock clock;
  KindTable kinds;
  ResourceStore store{clock};
  FakeAccess access;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<events::EventLog> events;
  std::unique_ptr<ResourceService> service;
  Caller caller{.principal = "maria", .only_workspace = "", .token_id = "", .request_id = ""};
};

}  // namespace ciclo::resources
