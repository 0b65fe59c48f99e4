#include "server/application.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "administration/access.hpp"
#include "administration/audit.hpp"
#include "administration/guard.hpp"
#include "administration/handlers.hpp"
#include "administration/identity.hpp"
#include "administration/kinds.hpp"
#include "administration/sealing.hpp"
#include "kinds.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/events/event_log.hpp"
#include "platform/sql/database.hpp"
#include "resources/handlers.hpp"
#include "resources/reconcile.hpp"
#include "server/first_start.hpp"
#include "server/private_file.hpp"
#include "server/system_routes.hpp"

namespace ciclo::server {
namespace {

constexpr int controller_threads = 4;
constexpr std::chrono::seconds stop_grace{10};

std::string database_url(const Settings& settings, const Folders& folders) {
  return settings.database.empty() ? "sqlite:" + folders.database.string() : settings.database;
}

std::vector<sql::Migration> all_migrations() {
  std::vector<sql::Migration> all;
  for (const auto& module : {events::migrations(), resources::migrations(), administration::migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

}  // namespace

// In the order of construction; each part may use those above it.
struct Application::Parts {
  explicit Parts(const Settings& given) : settings(given), folders(given.data) {}

  Settings settings;
  Folders folders;
  SystemClock clock;
  std::unique_ptr<log::Logger> logger;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<blobs::BlobStore> blobs;
  std::unique_ptr<events::EventLog> events;

  std::optional<administration::Sealer> sealer;
  std::unique_ptr<administration::AccessService> access;
  std::unique_ptr<administration::IdentityService> identity;
  std::unique_ptr<administration::AuditLog> audit;

  std::optional<resources::KindTable> kinds;
  std::unique_ptr<resources::ResourceStore> store;
  std::unique_ptr<resources::ResourceService> service;
  std::unique_ptr<resources::ReconcileLoop> loop;

  http::Router router;
  std::unique_ptr<administration::TokenGuard> guard;
  std::unique_ptr<http::Server> server;

  Result<void> open_platform();
  Result<void> build_core();
  Result<void> build_routes();
  Result<void> listen();
};

Result<void> Application::Parts::open_platform() {
  CICLO_CHECK(administration::start_cryptography());
  CICLO_CHECK(make_private_folder(folders.data));
  for (const auto& folder : {folders.jobs, folders.endpoints, folders.environments, folders.collected})
    CICLO_CHECK(make_private_folder(folder));
  CICLO_TRY(logger, log::Logger::open(settings.log, clock));
  CICLO_TRY(database, sql::Database::open(database_url(settings, folders)));
  CICLO_CHECK(database->migrate(all_migrations()));
  CICLO_TRY(blobs, blobs::open_folder_store(folders.blobs));
  events = std::make_unique<events::EventLog>(*database, clock);
  CICLO_TRY(sealer, administration::Sealer::open(folders.master_key));
  return {};
}

Result<void> Application::Parts::build_core() {
  access = std::make_unique<administration::AccessService>(*database);
  CICLO_CHECK(access->load());
  identity = std::make_unique<administration::IdentityService>(*database, clock);
  audit = std::make_unique<administration::AuditLog>(*database, clock);
  CICLO_TRY(kinds, make_kinds(access.get()));
  store = std::make_unique<resources::ResourceStore>(clock);
  service = std::make_unique<resources::ResourceService>(
      resources::ResourceService::Parts{*database, *events, *kinds, *store, *access, *audit, clock});
  loop = std::make_unique<resources::ReconcileLoop>(*service, *events, *logger, controller_threads);
  CICLO_CHECK(
      prepare_first_start({*database, *identity, *access, *service}, folders.admin_token, settings.reset_admin_token));
  return ensure_workspace(*service, settings.default_workspace);
}

Result<void> Application::Parts::build_routes() {
  CICLO_CHECK(resources::add_resource_routes(router, *service));
  CICLO_CHECK(administration::add_administration_routes(router, {*database, *identity, *access, *audit, *service}));
  return add_system_routes(router, {*events});
}

Result<void> Application::Parts::listen() {
  guard = std::make_unique<administration::TokenGuard>(
      administration::TokenGuard::Parts{*identity, *access, *audit, *logger, settings.default_workspace});
  http::ServerSettings http_settings;
  http_settings.address = settings.address;
  http_settings.port = settings.port;
  http_settings.tls = settings.tls;
  server = std::make_unique<http::Server>(router, guard.get(), http_settings);
  return server->start();
}

Application::Application(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Application>> Application::start(const Settings& settings) {
  auto parts = std::make_unique<Parts>(settings);
  CICLO_CHECK(parts->open_platform());
  CICLO_CHECK(parts->build_core());
  CICLO_CHECK(parts->build_routes());
  CICLO_CHECK(parts->listen());
  CICLO_CHECK(parts->loop->start());
  std::unique_ptr<Application> application(new Application(std::move(parts)));
  const Json about = {{"url", application->url()}, {"pid", ::getpid()}};
  CICLO_CHECK(write_private_file(application->folders().server_file, to_pretty_text(about) + "\n"));
  return application;
}

Application::~Application() {
  stop();
}

std::string Application::url() const {
  const std::string& address = parts_->settings.address;
  const std::string host = address == "0.0.0.0"                     ? "127.0.0.1"
                           : address.find(':') != std::string::npos ? "[" + address + "]"
                                                                    : address;
  return fmt::format("{}://{}:{}", parts_->settings.tls ? "https" : "http", host, parts_->server->port());
}

const Folders& Application::folders() const {
  return parts_->folders;
}
log::Logger& Application::logger() {
  return *parts_->logger;
}

void Application::stop() {
  parts_->server->stop(stop_grace);
  parts_->loop->stop();
}

}  // namespace ciclo::server
