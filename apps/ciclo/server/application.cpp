#include "server/application.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "administration/kinds.hpp"
#include "data_estate/controller.hpp"
#include "data_estate/handlers.hpp"
#include "data_estate/locations.hpp"
#include "data_estate/upload_handlers.hpp"
#include "inner_loop/environments/builder.hpp"
#include "inner_loop/graphql/handlers.hpp"
#include "inner_loop/jobs/controller.hpp"
#include "inner_loop/jobs/handlers.hpp"
#include "inner_loop/jobs/store.hpp"
#include "inner_loop/permissions/handlers.hpp"
#include "inner_loop/permissions/subjects.hpp"
#include "inner_loop/purge/handlers.hpp"
#include "inner_loop/traces/trace_concerns.hpp"
#include "inner_loop/tracking/concern_finder.hpp"
#include "inner_loop/tracking/handlers.hpp"
#include "inner_loop/tracking/run_artifacts.hpp"
#include "kinds.hpp"
#include "monitoring/controller.hpp"
#include "monitoring/handlers.hpp"
#include "monitoring/locator.hpp"
#include "monitoring/monitor_runner.hpp"
#include "monitoring/schedule_store.hpp"
#include "outer_loop/endpoints/controller.hpp"
#include "outer_loop/endpoints/handlers.hpp"
#include "outer_loop/gates/controller.hpp"
#include "outer_loop/gates/handlers.hpp"
#include "outer_loop/triggers/controller.hpp"
#include "outer_loop/triggers/handlers.hpp"
#include "outer_loop/triggers/store.hpp"
#include "outer_loop/webhooks/dispatcher.hpp"
#include "outer_loop/webhooks/handlers.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/events/event_log.hpp"
#include "platform/sql/database.hpp"
#include "registry/handlers.hpp"
#include "registry/inspector.hpp"
#include "registry/locator.hpp"
#include "registry/model_index.hpp"
#include "registry/run_origin.hpp"
#include "registry/service.hpp"
#include "resources/handlers.hpp"
#include "resources/reconcile.hpp"
#include "server/administration.hpp"
#include "server/artifact_links.hpp"
#include "server/first_start.hpp"
#include "server/mlflow_parts.hpp"
#include "server/outbound_clients.hpp"
#include "server/private_file.hpp"
#include "server/purge_parts.hpp"
#include "server/schema.hpp"
#include "server/server_metrics.hpp"
#include "server/system_routes.hpp"

namespace ciclo::server {
namespace {

constexpr int controller_threads = 4;
constexpr std::chrono::seconds stop_grace{10};

// Only the path: a query may hold what its sender should not have put there.
void log_request(log::Logger& logger, const http::Served& served) {
  logger.debug("http", "request",
               {{"method", http::name_of(served.method)},
                {"path", served.path},
                {"status", served.status},
                {"milliseconds", std::chrono::duration<double, std::milli>(served.duration).count()},
                {"principal", served.principal},
                {"request_id", served.request_id}});
}

}  // namespace

// In the order of construction; each part may use those above it.
struct Application::Parts {
  explicit Parts(const Settings& given) : settings(given), folders(given.data) {}

  Settings settings;
  Folders folders;
  SystemClock clock;
  administration::KnownValues known_secrets;
  std::unique_ptr<log::Logger> logger;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<blobs::BlobStore> blobs;
  OutboundClients outbound{settings.outbound};
  std::unique_ptr<events::EventLog> events;

  std::unique_ptr<Administration> admin;

  resources::KindTable kinds;  // filled in by build_kinds(), before anything is served
  registry::ModelIndex model_index;
  std::unique_ptr<resources::ResourceStore> store;
  std::unique_ptr<resources::ResourceService> service;

  tracking::RunArtifactFolders run_artifacts;
  std::unique_ptr<data_estate::Locations> locations;
  std::unique_ptr<registry::ModelInspector> inspector;
  std::unique_ptr<registry::RegistryService> model_registry;
  std::unique_ptr<registry::RegistryLocator> model_locator;
  std::unique_ptr<registry::ModelArtifacts> model_artifacts;
  std::unique_ptr<tracking::Tracking> tracking;
  std::unique_ptr<tracking::MlflowConcerns> concerns;
  std::unique_ptr<purge::PurgeService> purges;
  std::unique_ptr<MlflowParts> mlflow;
  std::unique_ptr<data_estate::DatastoreController> datastores;
  std::unique_ptr<data_estate::ProfileController> profiles;
  std::unique_ptr<outer_loop::TriggerController> triggers;
  std::unique_ptr<outer_loop::WebhookService> webhooks;
  std::unique_ptr<outer_loop::WebhookDispatcher> webhook_dispatcher;

  std::unique_ptr<process::ProcessRunner> runner;
  std::unique_ptr<inner_loop::EnvironmentBuilder> environments;
  std::optional<inner_loop::JobParts> job_parts;
  std::unique_ptr<inner_loop::JobController> jobs;

  std::unique_ptr<monitoring::EstateLocator> monitored_data;
  std::unique_ptr<monitoring::MonitorRunner> monitors;
  std::unique_ptr<monitoring::ScheduleController> schedules;

  std::unique_ptr<outer_loop::EndpointKeys> endpoint_keys;
  std::unique_ptr<outer_loop::EndpointIdentities> endpoint_identities;
  std::unique_ptr<outer_loop::EndpointTokens> endpoint_tokens;
  outer_loop::ServedCredentials served_credentials;
  std::unique_ptr<outer_loop::ScorerProcesses> scorers;
  outer_loop::HttpScorerControl scorer_control;
  std::unique_ptr<outer_loop::Preparations> preparations;
  std::unique_ptr<outer_loop::EndpointController> online_endpoints;
  std::unique_ptr<registry::Promoter> promoter;
  std::unique_ptr<outer_loop::ScorerLatencyProbe> latency;
  std::unique_ptr<outer_loop::GateController> gates;

  std::unique_ptr<resources::ReconcileLoop> loop;

  http::RateLimiter limiter{settings.rate_limits};
  ServerMetrics metrics;
  http::Router router;
  std::unique_ptr<http::Server> server;

  Result<void> open_platform();
  Result<void> build_core();
  Result<void> build_kinds();
  void build_controllers();
  void build_jobs();
  void build_endpoints();
  void build_monitoring();
  Result<void> build_routes();
  Result<void> listen();
  std::string url() const;
};

Result<void> Application::Parts::open_platform() {
  CICLO_CHECK(administration::start_cryptography());
  CICLO_CHECK(make_private_folder(folders.data));
  for (const auto& folder : {folders.jobs, folders.endpoints, folders.environments, folders.collected})
    CICLO_CHECK(make_private_folder(folder));
  CICLO_TRY(logger, log::Logger::open(settings.log, clock));
  logger->set_filter([this](const std::string& text) { return known_secrets.mask(text); });
  CICLO_TRY(database, sql::Database::open(database_url(settings), {.durability = settings.durability}));
  CICLO_CHECK(database->migrate(all_migrations()));
  CICLO_TRY(blobs, blobs::open_folder_store(folders.blobs));
  events = std::make_unique<events::EventLog>(*database, clock);
  return {};
}

Result<void> Application::Parts::build_core() {
  admin = std::make_unique<Administration>(
      Administration::Base{settings, folders, clock, *logger, *database, known_secrets});
  CICLO_CHECK(admin->open(kinds));
  store = std::make_unique<resources::ResourceStore>(clock, &model_index);
  CICLO_CHECK(model_index.fill(*database, *store));
  service = std::make_unique<resources::ResourceService>(resources::ResourceService::Parts{
      *database, *events, kinds, *store, *admin->access, *admin->audit, clock,
      [this](sql::Session& session, const resources::ResourceKey& gone) -> Result<void> {
        CICLO_CHECK(admin->access->forget_in(session, gone));
        return gone.kind == "online-endpoint" ? endpoint_identities->forget_in(session, gone) : Result<void>();
      },
      [this](sql::Session& session, const resources::ResourceKey& before, const resources::ResourceKey& after) {
        return admin->access->rename_in(session, before, after);
      }});
  admin->build_on(*service, [this] { return url(); });
  return {};
}

Result<void> Application::Parts::build_kinds() {
  locations = std::make_unique<data_estate::Locations>(*service, run_artifacts);
  inspector = std::make_unique<registry::ModelInspector>(*locations, *blobs);
  model_registry = std::make_unique<registry::RegistryService>(*service);
  model_locator = std::make_unique<registry::RegistryLocator>(*service, *blobs);
  model_artifacts = std::make_unique<registry::ModelArtifacts>(*model_locator);
  endpoint_keys = std::make_unique<outer_loop::EndpointKeys>(*admin->sealer);
  endpoint_identities = std::make_unique<outer_loop::EndpointIdentities>(
      outer_loop::EndpointIdentities::Parts{*database, *admin->identity, *admin->access, [this] { return url(); }});
  CICLO_CHECK(add_kinds(kinds, {.administration = {admin->access.get(), admin->identity.get()},
                                .vault = admin->vault.get(),
                                .locations = locations.get(),
                                .blobs = blobs.get(),
                                .inspector = inspector.get(),
                                .endpoint_keys = endpoint_keys.get(),
                                .endpoint_identities = endpoint_identities.get(),
                                .server_url = [this] { return url(); }}));
  CICLO_CHECK(prepare_first_start({*database, *admin->identity, *admin->access, *service}, folders.admin_token,
                                  settings.reset_admin_token));
  CICLO_CHECK(administration::ensure_built_in_roles(*service));
  CICLO_CHECK(administration::ensure_workspace_identities(*service, *admin->identity));
  return ensure_workspace(*service, settings.default_workspace);
}

void Application::Parts::build_controllers() {
  tracking =
      std::make_unique<tracking::Tracking>(*database, clock, [this](sql::Session& session, const std::string& name) {
        const auto found =
            store->get(session, {.workspace = "", .kind = "workspace", .parent = "", .name = name, .version = ""});
        return found ? Result<void>() : Result<void>(Failure(found.error()));
      });
  concerns = std::make_unique<tracking::MlflowConcerns>(*database);
  traces::concerns::add_trace_concerns(*concerns);
  purges = std::make_unique<purge::PurgeService>(*service, *blobs);
  add_purge_parts(*purges, *admin->access, folders.blobs);
  tracking->runs.when_inputs_are_logged([this](sql::Session& session, const tracking::Run& run) -> Result<void> {
    CICLO_TRY(const auto origin, registry::origin_of(session, *store, run));
    return store->link(session, origin.links);
  });
  mlflow = std::make_unique<MlflowParts>(
      MlflowParts::Base{*database, clock, *blobs, tracking->experiments, *model_registry, *service});
  datastores = std::make_unique<data_estate::DatastoreController>(*service);
  profiles = std::make_unique<data_estate::ProfileController>(*service, *locations, *blobs);
  triggers = std::make_unique<outer_loop::TriggerController>(
      outer_loop::TriggerControllerParts{*service, outbound.webhooks, *logger});
  webhooks = std::make_unique<outer_loop::WebhookService>(
      outer_loop::WebhookService::Parts{*service, *admin->sealer, outbound.webhooks});
  webhook_dispatcher = std::make_unique<outer_loop::WebhookDispatcher>(
      outer_loop::WebhookDispatcher::Parts{*service, *admin->sealer, outbound.webhooks, *logger});
  loop = std::make_unique<resources::ReconcileLoop>(*service, *events, *logger, controller_threads);
  for (resources::Controller* controller : std::initializer_list<resources::Controller*>{
           datastores.get(), profiles.get(), triggers.get(), admin->activation_ends.get()})
    loop->add(*controller);
  runner = process::make_local_runner();
  environments = std::make_unique<inner_loop::EnvironmentBuilder>(
      *runner, inner_loop::EnvironmentBuilder::Settings{.root = folders.environments,
                                                        .variables = inner_loop::inherited_variables()});
  build_jobs();
  build_endpoints();
  build_monitoring();
}

void Application::Parts::build_jobs() {
  job_parts.emplace(inner_loop::JobParts{*service, *admin->identity, *locations, *blobs, *runner, *environments, clock,
                                         *logger, admin->vault.get(), &outbound.downloads});
  inner_loop::JobSettings job_settings;
  job_settings.folder = folders.jobs;
  job_settings.programs = settings.programs;
  job_settings.server_url = [this] { return url(); };
  jobs = std::make_unique<inner_loop::JobController>(*job_parts, std::move(job_settings), *loop);
  loop->add(*jobs);
}

void Application::Parts::build_monitoring() {
  monitored_data = std::make_unique<monitoring::EstateLocator>(*locations, *blobs);
  monitors = std::make_unique<monitoring::MonitorRunner>(
      monitoring::MonitorRunner::Parts{*database, *monitored_data, clock,
                                       [this](const std::string& workspace) { return folders.collected / workspace; }});
  schedules = std::make_unique<monitoring::ScheduleController>(
      monitoring::ScheduleControllerParts{*service, *monitors, *logger});
  loop->add(*schedules);
}

void Application::Parts::build_endpoints() {
  const auto is_barred = [this](const std::string& principal) { return admin->is_barred(principal); };
  endpoint_tokens = std::make_unique<outer_loop::EndpointTokens>(*endpoint_keys, *admin->access, is_barred, clock);
  const auto variables = inner_loop::inherited_variables();
  scorers = std::make_unique<outer_loop::ScorerProcesses>(
      *runner, outer_loop::ScorerProcesses::Settings{settings.programs / "ciclo-scorer", variables});
  const outer_loop::Preparations::Make make =
      [maker = outer_loop::DeploymentMaker(*blobs, *environments, admin->vault.get())](
          const outer_loop::PreparationRequest& request, const std::stop_token& stop) {
        return maker.make(request, stop);
      };
  preparations = std::make_unique<outer_loop::Preparations>(make);
  online_endpoints = std::make_unique<outer_loop::EndpointController>(
      outer_loop::EndpointController::Parts{*service, *endpoint_keys, *endpoint_tokens, served_credentials, *scorers,
                                            scorer_control, *preparations, *logger,
                                            [this](const resources::ResourceKey& key) { loop->wake(key); },
                                            admin->vault.get(), endpoint_identities.get()},
      outer_loop::EndpointController::Settings{folders.endpoints, folders.collected});
  loop->add(*online_endpoints);
  promoter = std::make_unique<registry::Promoter>(*service, *blobs);
  // No workspace's name begins with a dot.
  latency = std::make_unique<outer_loop::ScorerLatencyProbe>(*scorers, make, folders.endpoints / ".gates");
  gates = std::make_unique<outer_loop::GateController>(
      outer_loop::GateController::Parts{{*service, *promoter, *model_locator}, *latency, *blobs, *logger});
  loop->add(*gates);
}

Result<void> Application::Parts::build_routes() {
  CICLO_CHECK(resources::add_resource_routes(router, *service));
  admin->find_resource = [this](sql::Session& session, const std::string& workspace, const std::string& subject) {
    return inner_loop::find_subject(session, *store, workspace, subject);
  };
  CICLO_CHECK(admin->add_routes(router));
  CICLO_CHECK(inner_loop::add_permission_routes(router, {admin->parts(), *admin->sign_in}));
  CICLO_CHECK(data_estate::add_datastore_routes(router, *locations, *blobs));
  CICLO_CHECK(data_estate::add_profile_route(router, *service, *blobs));
  CICLO_CHECK(mlflow->add_routes(router));
  CICLO_CHECK(data_estate::add_upload_routes(router, *locations, *blobs));
  CICLO_CHECK(tracking::add_tracking_routes(
      router, *tracking,
      {*blobs, model_artifacts.get(),
       make_artifact_links({*admin->link_key, clock, settings.public_url, [this] { return url(); }})}));
  CICLO_CHECK(purge::add_purge_routes(router, *purges, *service));
  CICLO_CHECK(graphql::add_graphql_routes(router, graphql::through(router, &admin->guard(*concerns))));
  CICLO_CHECK(registry::add_registry_routes(router, *model_registry, *model_locator, *blobs));
  CICLO_CHECK(inner_loop::add_job_routes(router, *job_parts, jobs->settings()));
  CICLO_CHECK(monitoring::add_schedule_routes(router, *service));
  CICLO_CHECK(outer_loop::add_endpoint_routes(
      router, {*service, *endpoint_keys, *endpoint_tokens, served_credentials, folders.endpoints}));
  CICLO_CHECK(outer_loop::add_approval_routes(router, {*service, *promoter, *model_locator}));
  CICLO_CHECK(outer_loop::add_trigger_routes(router, *service));
  CICLO_CHECK(outer_loop::add_webhook_routes(router, *webhooks));
  return add_system_routes(router, {*events, metrics});
}

Result<void> Application::Parts::listen() {
  http::ServerSettings http_settings;
  http_settings.address = settings.address;
  http_settings.port = settings.port;
  http_settings.tls = settings.tls;
  http_settings.limiter = &limiter;
  http_settings.on_failure = [this](std::string_view what) { logger->error("http", what); };
  metrics.watch(limiter);
  server = std::make_unique<http::Server>(router, &admin->guard(*concerns), http_settings,
                                          [this](const http::Served& served) {
                                            metrics.served(served);
                                            log_request(*logger, served);
                                          });
  return server->start();
}

std::string Application::Parts::url() const {
  const std::string& address = settings.address;
  const std::string host = address == "0.0.0.0"                     ? "127.0.0.1"
                           : address.find(':') != std::string::npos ? "[" + address + "]"
                                                                    : address;
  return fmt::format("{}://{}:{}", settings.tls ? "https" : "http", host, server->port());
}

Application::Application(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Application>> Application::start(const Settings& settings) {
  auto parts = std::make_unique<Parts>(settings);
  CICLO_CHECK(parts->open_platform());
  CICLO_CHECK(parts->build_core());
  CICLO_CHECK(parts->build_kinds());
  parts->build_controllers();
  CICLO_CHECK(parts->build_routes());
  CICLO_CHECK(parts->listen());
  CICLO_CHECK(parts->loop->start());
  parts->webhook_dispatcher->start();
  std::unique_ptr<Application> application(new Application(std::move(parts)));
  const Json about = {{"url", application->url()}, {"pid", ::getpid()}};
  CICLO_CHECK(write_private_file(application->folders().server_file, to_pretty_text(about) + "\n"));
  return application;
}

Application::~Application() {
  stop();
}

std::string Application::url() const {
  return parts_->url();
}

const Folders& Application::folders() const {
  return parts_->folders;
}
log::Logger& Application::logger() {
  return *parts_->logger;
}

void Application::stop() {
  parts_->server->stop(stop_grace);
  parts_->webhook_dispatcher->stop();
  parts_->loop->stop();
  parts_->jobs->stop();
  parts_->admin->audit->stop();
}

}  // namespace ciclo::server
