// A server of jobs without its HTTP socket, for tests: real database, blobs and processes in one folder, which can be
// stopped and made again as a restarted server would be.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>

#include "administration/access/access.hpp"
#include "administration/audit/audit_log.hpp"
#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "administration/kinds.hpp"
#include "base/yaml.hpp"
#include "data_estate/kinds.hpp"
#include "inner_loop/jobs/controller.hpp"
#include "inner_loop/jobs/handlers.hpp"
#include "inner_loop/jobs/kinds.hpp"
#include "inner_loop/tracking/migrations.hpp"
#include "inner_loop/tracking/run_artifacts.hpp"
#include "inner_loop/tracking/testing.hpp"
#include "platform/events/event_log.hpp"

namespace ciclo::inner_loop::testing {

inline Json yaml(std::string_view text) {
  auto parsed = parse_yaml(text, "test.yml");
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? parsed->value : Json();
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// One life of the server. The order of the members is the order of construction.
struct JobServer {
  explicit JobServer(const std::filesystem::path& folder, int parallel_steps = 2) : data(folder) {
    opened = open();
    EXPECT_TRUE(opened) << opened.error().text();
    settings.folder = data / "jobs";
    settings.server_url = [] { return std::string("http://127.0.0.1:1"); };
    settings.parallel_steps = parallel_steps;
    settings.cancel_grace = std::chrono::milliseconds(500);
    loop = std::make_unique<resources::ReconcileLoop>(*service, *events, *logger, 2);
    environments = std::make_unique<EnvironmentBuilder>(
        *runner, EnvironmentBuilder::Settings{data / "environments", {{"PATH", "/usr/bin:/bin"}}});
    parts.emplace(JobParts{*service, *identity, *locations, *blobs, *runner, *environments, clock, *logger});
    controller = std::make_unique<JobController>(*parts, settings, *loop);
    loop->add(*controller);
    EXPECT_TRUE(add_job_routes(router, *parts, controller->settings()));
    subscription = events->subscribe([this] {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
    EXPECT_TRUE(loop->start());
  }
  ~JobServer() {
    loop->stop();
    controller->stop();
  }

  Result<void> open() {
    CICLO_TRY(database, sql::Database::open("sqlite:" + (data / "test.db").string()));
    std::vector<sql::Migration> all;
    for (const auto& module : {events::migrations(), resources::migrations(), administration::migrations(),
                               administration::access_migrations(), administration::audit_migrations(),
                               tracking::migrations(), job_migrations()})
      all.insert(all.end(), module.begin(), module.end());
    CICLO_CHECK(database->migrate(all));
    CICLO_TRY(blobs, blobs::open_folder_store(data / "blobs"));
    events = std::make_unique<events::EventLog>(*database, clock);
    access = std::make_unique<administration::AccessService>(*database, clock);
    identity = std::make_unique<administration::IdentityService>(*database, clock);
    audit = std::make_unique<administration::AuditLog>(*database, clock);
    service = std::make_unique<resources::ResourceService>(
        resources::ResourceService::Parts{*database, *events, kinds, store, *access, *audit, clock});
    locations = std::make_unique<data_estate::Locations>(*service, run_artifacts);
    CICLO_CHECK(kinds.add(administration::workspace_kind({access.get(), identity.get()})));
    CICLO_CHECK(kinds.add(data_estate::data_kind(locations.get(), blobs.get())));
    CICLO_CHECK(kinds.add(environment_kind()));
    CICLO_CHECK(kinds.add(component_kind()));
    CICLO_CHECK(kinds.add(compute_kind()));
    CICLO_CHECK(kinds.add(job_kind(locations.get(), settings.server_url)));
    if (service->get(resources::Caller::system(),
                     {.workspace = "", .kind = "workspace", .parent = "", .name = "dev", .version = ""}))
      return {};
    CICLO_CHECK(database->write([&](sql::Session& session) -> Result<void> {
      CICLO_CHECK(identity->create_user_in(session, "ana", "Ana"));
      CICLO_CHECK(
          access->assign_in(session, {.principal = "ana", .role = std::string(administration::administrator_role)}));
      return {};
    }));
    CICLO_CHECK(try_create("workspace", {{"name", "dev"}}, ""));
    return {};
  }

  static resources::Caller ana() {
    resources::Caller caller;
    caller.principal = "ana";
    return caller;
  }
  Result<resources::Resource> try_create(const std::string& kind, Json document, const std::string& workspace = "dev") {
    resources::CreateRequest request;
    request.workspace = workspace;
    request.kind = kind;
    request.document = std::move(document);
    return service->create(ana(), std::move(request));
  }
  std::string create(const std::string& kind, Json document) {
    const auto made = try_create(kind, std::move(document));
    EXPECT_TRUE(made) << made.error().text();
    return made ? made->key.name : std::string();
  }
  resources::Resource job(const std::string& name) {
    const auto found =
        service->get(ana(), {.workspace = "dev", .kind = "job", .parent = "", .name = name, .version = ""});
    EXPECT_TRUE(found) << found.error().text();
    return found ? *found : resources::Resource{};
  }
  // The job once `done` holds for it.
  template <class Done>
  resources::Resource wait_until(const std::string& name, Done done) {
    std::unique_lock lock(mutex);
    resources::Resource now;
    const bool happened = changed.wait_for(lock, std::chrono::seconds(30), [&] {
      now = job(name);
      return done(now);
    });
    EXPECT_TRUE(happened) << name << " is " << to_text(now.status);
    return now;
  }
  resources::Resource wait_for_status(const std::string& name, JobStatus status) {
    return wait_until(name, [&](const resources::Resource& now) {
      return status_of(now.status) == status || (has_ended(status_of(now.status)));
    });
  }
  resources::Resource wait_for_end(const std::string& name) {
    return wait_until(name, [](const resources::Resource& now) { return has_ended(status_of(now.status)); });
  }
  std::string run_to_end(Json document) {
    return text_or(wait_for_end(create("job", std::move(document))).status, "status");
  }
  resources::Resource step(const resources::Resource& pipeline, const std::string& node) {
    return job(text_or(at_pointer(pipeline.status, "/jobs/" + node), "name"));
  }
  std::string log(const std::string& name) const {
    return contents(data / "jobs" / "dev" / name / "user_logs" / "std_log.txt");
  }
  std::string blob(const std::string& key) {
    const auto found = blobs->get(key);
    return found ? *found : "(" + found.error().text() + ")";
  }

  const std::filesystem::path data;
  Result<void> opened;
  SystemClock clock;
  std::unique_ptr<log::Logger> logger = log::Logger::silent();
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<blobs::BlobStore> blobs;
  std::unique_ptr<events::EventLog> events;
  std::unique_ptr<administration::AccessService> access;
  std::unique_ptr<administration::IdentityService> identity;
  std::unique_ptr<administration::AuditLog> audit;
  resources::KindTable kinds;
  resources::ResourceStore store{clock};
  std::unique_ptr<resources::ResourceService> service;
  tracking::RunArtifactFolders run_artifacts;
  std::unique_ptr<data_estate::Locations> locations;
  std::unique_ptr<process::ProcessRunner> runner = process::make_local_runner();
  std::unique_ptr<EnvironmentBuilder> environments;
  std::optional<JobParts> parts;
  JobSettings settings;
  std::unique_ptr<resources::ReconcileLoop> loop;
  std::unique_ptr<JobController> controller;
  http::Router router;
  tracking::testing::Wire wire{router, "ana"};
  std::mutex mutex;
  std::condition_variable changed;
  events::EventLog::Subscription subscription;
};

}  // namespace ciclo::inner_loop::testing
