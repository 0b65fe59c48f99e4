// A small server without sockets for the tests of controllers: a database in a temporary folder, the resource service,
// a clock that stands still, and access rules that a test may change.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "platform/events/event_log.hpp"
#include "platform/log/log.hpp"
#include "platform/sql/database.hpp"
#include "resources/service.hpp"

namespace ciclo::testing {

class FakeAccess final : public resources::AccessPolicy {
 public:
  // Everything is allowed but what is listed: "maria workspace/write".
  std::set<std::string> denied;
  resources::Decision decide(const resources::Caller& caller, std::string_view action,
                             const resources::Place& place) const override {
    if (caller.is_system()) return {true, "system"};
    if (caller.principal.empty()) return {false, "no caller"};
    if (!caller.only_workspace.empty() && caller.only_workspace != place.workspace) return {false, "another workspace"};
    const bool refused = denied.contains(caller.principal + " " + std::string(action));
    return {!refused, refused ? "no role of " + caller.principal + " allows it" : "owner"};
  }
};

class FakeAudit final : public resources::AuditSink {
 public:
  Result<void> record(sql::Session&, const resources::AuditEntry&) override { return {}; }
};

inline resources::Kind plain_kind(std::string name, std::string component) {
  resources::Kind kind;
  kind.plural = name + "s";
  kind.title = name;
  kind.name = std::move(name);
  kind.component = std::move(component);
  kind.schema = R"({"type":"object","required":["name"]})";
  return kind;
}

inline resources::Kind plain_workspace_kind() {
  auto kind = plain_kind("workspace", "workspace");
  kind.scope = resources::Scope::organisation;
  return kind;
}

// A test that stops with an exception fails by its name and message.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class World {
 public:
  // `kinds` beside workspace; `migrations` beside those of resources and events. The workspaces dev and prod exist. A
  // database of its own without `url`.
  World(std::vector<resources::Kind> kinds, std::vector<sql::Migration> migrations, const std::string& url = {})
      : folder(std::filesystem::temp_directory_path() / ("ciclo-test-" + random_hex(8))) {
    std::filesystem::create_directories(folder);
    database = must(sql::Database::open(url.empty() ? "sqlite:" + (folder / "test.db").string() : url));
    for (auto more : {events::migrations(), resources::migrations()}) {
      migrations.insert(migrations.end(), more.begin(), more.end());
    }
    must(database->migrate(migrations));
    must(table.add(plain_workspace_kind()));
    for (auto& kind : kinds) must(table.add(std::move(kind)));
    log = std::make_unique<events::EventLog>(*database, clock);
    service = std::make_unique<resources::ResourceService>(
        resources::ResourceService::Parts{*database, *log, table, store, access, audit, clock});
    for (const auto* name : {"dev", "prod"}) create("workspace", "", {{"name", name}});
  }
  ~World() {
    service.reset();
    log.reset();
    database.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  resources::Caller maria() const {
    resources::Caller caller;
    caller.principal = "maria";
    return caller;
  }
  resources::Resource create(const std::string& kind, const std::string& workspace, Json document) {
    return must(service->create(maria(), {.workspace = workspace,
                                          .kind = kind,
                                          .parent = {},
                                          .document = std::move(document),
                                          .owner = {},
                                          .links = {}}));
  }
  std::optional<resources::Resource> find(const resources::ResourceKey& key) {
    return must(database->read([&](sql::Session& session) { return store.find(session, key); }));
  }
  std::vector<resources::Resource> all(const std::string& kind, const std::string& workspace) {
    return must(service->list(resources::Caller::system(),
                              {.workspace = workspace, .kind = kind, .newest_first = false}))
        .items;
  }
  // Appends an event; its sequence number.
  std::int64_t emit(events::Event event) {
    event.source = "/workspaces/" + event.workspace;
    return must(database->write([&](sql::Session& session) { return log->append(session, event); }));
  }
  std::vector<events::Event> events_of(const std::string& type) {
    return must(log->list({.type_prefix = type, .limit = 1000}));
  }

  std::filesystem::path folder;
  FakeClock clock{TimePoint(Milliseconds(1'767'225'600'000))};  // 2026-01-01T00:00:00Z
  FakeAccess access;
  FakeAudit audit;
  resources::KindTable table;
  resources::ResourceStore store{clock};
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<events::EventLog> log;
  std::unique_ptr<resources::ResourceService> service;
  std::unique_ptr<log::Logger> logger = log::Logger::silent();
};

}  // namespace ciclo::testing
