#include "outer_loop/endpoints/controller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "outer_loop/endpoints/deployment_secrets.hpp"
#include "outer_loop/endpoints/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// How often a scorer that was just started, or told to read its file, is asked how it is.
constexpr milliseconds poll_pause{25};
constexpr milliseconds stop_grace{5'000};
// A process that lived this long is started again at once.
constexpr std::chrono::seconds healthy_after{30};
constexpr int failures_told = 3;
constexpr std::size_t log_lines = 20;

std::int64_t number_or(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

std::uint16_t port_of(const Resource& endpoint) {
  return static_cast<std::uint16_t>(number_or(endpoint.status, "port", 0));
}

bool is_settled(const Resource& deployment) {
  return number_or(deployment.status, "provisioned_generation", -1) == deployment.generation;
}

// What no deployment is made of any more. Nothing is prepared at this moment, so a copy is not one that is being made.
void remove_unused_copies(const EndpointFolder& folder, const Json& config) {
  const std::string used = to_text(member(config, "deployments"));
  std::error_code error;
  for (const char* kind : {"models", "code"})
    for (const auto& copy : std::filesystem::directory_iterator(folder.root / kind, error))
      if (used.find(copy.path().string()) == std::string::npos) std::filesystem::remove_all(copy.path(), error);
}

const Resource* find_named(const std::vector<Resource>& deployments, const std::string& name) {
  for (const Resource& deployment : deployments)
    if (deployment.key.name == name) return &deployment;
  return nullptr;
}

}  // namespace

std::vector<ResourceKey> EndpointController::wakes(const events::Event& event) const {
  const ResourceKey key = resources::parse_subject(event.workspace, event.subject);
  if (key.kind == kind()) return {key};
  if (key.kind == "online-deployment") return {endpoint_key(key.workspace, key.parent)};
  return {};
}

EndpointFolder EndpointController::folder_of(const ResourceKey& key) const {
  return {settings_.endpoints / key.workspace / key.name};
}

EndpointController::Memory& EndpointController::memory_of(const ResourceKey& key) {
  const std::lock_guard lock(mutex_);
  return memories_[key];
}

Result<std::optional<EndpointController::View>> EndpointController::load(const ResourceKey& key) {
  const auto& store = parts_.service.parts().store;
  return parts_.service.parts().database.read([&](sql::Session& session) -> Result<std::optional<View>> {
    CICLO_TRY(auto endpoint, store.find(session, key));
    if (!endpoint) return std::optional<View>();
    View view;
    view.endpoint = *std::move(endpoint);
    view.folder = folder_of(key);
    CICLO_TRY(view.deployments, deployments_of(session, store, key));
    if (view.endpoint.deleting) return view;
    CICLO_TRY(view.secrets, parts_.keys.get(session, {key.workspace, key.name}));
    for (const Resource& deployment : view.deployments) {
      if (const Json& written = member(deployment.spec, "environment"); written.is_object()) {
        view.environments[deployment.key.name] = written;
        continue;
      }
      const Json& named = member(deployment.status, "environment_key");
      if (!named.is_object()) continue;
      CICLO_TRY(const auto environment, store.find(session, {.workspace = text_or(named, "workspace"),
                                                             .kind = "environment",
                                                             .parent = {},
                                                             .name = text_or(named, "name"),
                                                             .version = text_or(named, "version")}));
      if (environment) view.environments[deployment.key.name] = environment->spec;
    }
    return view;
  });
}

Result<EndpointController::Next> EndpointController::reconcile(const ResourceKey& key) {
  CICLO_TRY(auto view, load(key));
  if (!view) {
    parts_.scorers.unwatch(key);
    const std::lock_guard lock(mutex_);
    memories_.erase(key);
    return Next();
  }
  if (view->endpoint.deleting) return take_down(*view);
  CICLO_CHECK(make_private_folder(view->folder.root));
  view->accepted = read_json(view->folder.accepted());
  CICLO_CHECK(ensure_address(*view));
  return serve(*view, memory_of(key));
}

// The port is chosen once, and again only when somebody else took it while the scorer was down.
Result<void> EndpointController::ensure_address(View& view) {
  const std::uint16_t known = port_of(view.endpoint);
  if (known != 0 && (parts_.scorers.find(view.folder) || is_port_free(known))) return {};
  CICLO_TRY(const std::uint16_t port, free_port());
  const auto set = [&](Resource& endpoint) {
    endpoint.status["port"] = port;
    endpoint.status["scoring_uri"] = fmt::format("http://127.0.0.1:{}/score", port);
    endpoint.status["openapi_uri"] = fmt::format("http://127.0.0.1:{}/swagger.json", port);
    return true;
  };
  CICLO_TRY(view.endpoint, parts_.service.change_status(view.endpoint.key, set, {}));
  return {};
}

Result<EndpointController::Next> EndpointController::take_down(const View& view) {
  const ResourceKey& key = view.endpoint.key;
  parts_.scorers.unwatch(key);
  parts_.scorers.stop(view.folder, stop_grace);
  parts_.preparations.forget(view.endpoint.uid + "/");
  for (const Resource& deployment : view.deployments) CICLO_CHECK(parts_.service.finish_delete(deployment.key));
  std::error_code error;
  std::filesystem::remove_all(view.folder.root, error);
  if (error) {
    return fail(ErrorCode::internal, fmt::format("cannot remove the endpoint's folder: {}", error.message()),
                view.folder.root.string());
  }
  CICLO_CHECK(parts_.service.parts().database.write([&](sql::Session& session) {
    return parts_.keys.forget(session, {key.workspace, key.name});
  }));
  CICLO_CHECK(parts_.service.finish_delete(key));
  const std::lock_guard lock(mutex_);
  memories_.erase(key);
  return Next();
}

Result<EndpointController::Next> EndpointController::serve(View& view, Memory& memory) {
  const ResourceKey& key = view.endpoint.key;
  const auto process = parts_.scorers.find(view.folder);
  Json status;
  if (process) {
    parts_.scorers.watch(key, *process, [wake = parts_.wake, key] { wake(key); });
    auto answer = parts_.control.status(port_of(view.endpoint), view.secrets.control);
    // It listens only when its models are loaded; should it end before, the watch tells.
    if (!answer) return Next(poll_pause * 2);
    status = *std::move(answer);
    CICLO_TRY(const bool is_known, take_status(view, status, memory));
    if (!is_known) return Next(poll_pause);
  }
  CICLO_TRY(const Plan next, plan(view, process.has_value()));
  if (member(next.config, "deployments").empty()) return serve_nothing(view);
  if (!process) return start(view, next, memory);
  CICLO_CHECK(settle(view, next));
  if (next.config == member(view.accepted, "config")) {
    if (std::ranges::all_of(view.deployments, is_settled)) remove_unused_copies(view.folder, next.config);
    return Next();
  }
  memory.pending = Pending{number_or(status, "failed_reloads", 0), next.candidates};
  return reload(view, next, status);
}

Result<EndpointController::Next> EndpointController::serve_nothing(const View& view) {
  parts_.scorers.unwatch(view.endpoint.key);
  parts_.scorers.stop(view.folder, stop_grace);
  std::error_code ignored;
  for (const auto& file : {view.folder.accepted(), view.folder.config()}) std::filesystem::remove(file, ignored);
  {
    const std::lock_guard lock(mutex_);
    memories_.erase(view.endpoint.key);
  }
  for (const Resource& deployment : view.deployments)
    if (deployment.deleting) CICLO_CHECK(parts_.service.finish_delete(deployment.key));
  CICLO_CHECK(mark_endpoint(view, "Succeeded", {}));
  return Next();
}

Result<EndpointController::Next> EndpointController::start(const View& view, const Plan& plan, Memory& memory) {
  const ResourceKey& key = view.endpoint.key;
  const auto now = SteadyClock::now();
  memory.pending.reset();
  if (memory.started) {  // its end was not counted yet
    if (now - *memory.started >= healthy_after) memory.failures = 0;
    memory.may_start = now + restart_pause(memory.failures++);
    memory.started.reset();
    parts_.logger.warning("endpoints", "the scorer ended; it is started again",
                          {{"endpoint", key.path()}, {"failures", memory.failures}});
  }
  if (memory.failures > failures_told) {
    const Error error{.code = ErrorCode::unavailable,
                      .message = "the scorer does not stay up",
                      .target = {},
                      .hint = "its last log lines say why",
                      .details = {}};
    for (const std::string& name : plan.candidates)
      if (const Resource* candidate = find_named(view.deployments, name))
        CICLO_CHECK(mark_failed(view, *candidate, error));
    CICLO_CHECK(mark_endpoint(
        view, "Failed",
        {{"message", error.message}, {"hint", error.hint}, {"log", last_lines(view.folder.log(), log_lines)}}));
  }
  if (now < memory.may_start) return Next(std::chrono::ceil<milliseconds>(memory.may_start - now));
  CICLO_CHECK(write_private_json(view.folder.config(), plan.config));
  memory.started = now;  // also when it cannot be started: that counts as a short life
  const WipedText secrets = secrets_for(parts_.vault, plan.config, key, parts_.logger);
  CICLO_TRY(const auto process, parts_.scorers.start(view.folder, secrets.get()));
  parts_.scorers.watch(key, process, [wake = parts_.wake, key] { wake(key); });
  parts_.logger.info("endpoints", "the scorer was started", {{"endpoint", key.path()}, {"pid", process.pid}});
  return Next(poll_pause);
}

Result<EndpointController::Next> EndpointController::reload(const View& view, const Plan& plan, const Json& status) {
  CICLO_CHECK(write_private_json(view.folder.config(), plan.config));
  const WipedText secrets = secrets_for(parts_.vault, plan.config, view.endpoint.key, parts_.logger);
  if (!secrets.get().empty())
    CICLO_CHECK(parts_.control.give_secrets(port_of(view.endpoint), view.secrets.control, secrets.get()));
  CICLO_CHECK(parts_.control.reload(static_cast<pid_t>(number_or(status, "pid", 0))));
  return Next(poll_pause);
}

Result<bool> EndpointController::take_status(View& view, const Json& status, Memory& memory) {
  const bool is_same = member(view.accepted, "pid") == member(status, "pid") &&
                       member(view.accepted, "generation") == member(status, "generation");
  if (!is_same) {
    memory.pending.reset();
    CICLO_CHECK(accept(view, status));
    return true;
  }
  if (!memory.pending) return true;
  if (number_or(status, "failed_reloads", 0) <= memory.pending->failures_before) return false;
  const Pending pending = *std::exchange(memory.pending, std::nullopt);
  CICLO_CHECK(take_failure(view, pending, text_or(status, "error")));
  return true;
}

// A new process, or a file read again: it serves what scorer.json says, without those it could not load at its start.
Result<void> EndpointController::accept(View& view, const Json& status) {
  Json config = read_json(view.folder.config());
  for (const Json& deployment : member(status, "deployments")) {
    if (text_or(deployment, "state") != "failed") continue;
    const std::string name = text_or(deployment, "name");
    config = without_deployment(std::move(config), name);
    const Error error{
        .code = ErrorCode::invalid, .message = text_or(deployment, "error"), .target = {}, .hint = {}, .details = {}};
    if (const Resource* failed = find_named(view.deployments, name)) CICLO_CHECK(mark_failed(view, *failed, error));
  }
  view.accepted = {
      {"config", std::move(config)}, {"pid", member(status, "pid")}, {"generation", member(status, "generation")}};
  CICLO_CHECK(write_private_json(view.folder.accepted(), view.accepted));
  // What was marked as failed is read again.
  CICLO_TRY(auto again, load(view.endpoint.key));
  if (again) view.deployments = std::move(again->deployments);
  return {};
}

Result<void> EndpointController::take_failure(View& view, const Pending& pending, const std::string& error) {
  parts_.logger.warning("endpoints", "the scorer kept its old configuration",
                        {{"endpoint", view.endpoint.key.path()}, {"error", error}});
  const Error cause{.code = ErrorCode::invalid, .message = error, .target = {}, .hint = {}, .details = {}};
  for (const std::string& name : pending.candidates)
    if (const Resource* candidate = find_named(view.deployments, name))
      CICLO_CHECK(mark_failed(view, *candidate, cause));
  if (pending.candidates.empty()) {
    CICLO_CHECK(mark_endpoint(view, "Failed", {{"message", error}}));
    return fail(ErrorCode::unavailable, "the scorer refused its configuration: " + error, view.endpoint.key.path());
  }
  CICLO_TRY(auto again, load(view.endpoint.key));
  if (again) view.deployments = std::move(again->deployments);
  return {};
}

Json EndpointController::base_config(const View& view) const {
  const ResourceKey& key = view.endpoint.key;
  return {{"workspace", key.workspace},
          {"endpoint", key.name},
          {"address", "127.0.0.1"},
          {"port", port_of(view.endpoint)},
          {"auth",
           {{"mode", "key"},
            {"keys_sha256", {sha256_hex(view.secrets.primary), sha256_hex(view.secrets.secondary)}},
            {"control_sha256", sha256_hex(view.secrets.control)}}},
          {"collection", {{"folder", (settings_.collected / key.workspace).string()}}}};
}

Result<std::optional<Json>> EndpointController::entry_for(const View& view, const Resource& deployment) {
  const Json& accepted = entry_of(member(view.accepted, "config"), deployment.key.name);
  if (is_settled(deployment)) {
    if (text_or(deployment.status, "provisioning_state") == "Failed") return std::optional<Json>();
    if (!accepted.is_null()) return std::optional<Json>(accepted);
  }
  PreparationRequest request{.key = deployment.key,
                             .requested_by = deployment.updated_by,
                             .folder = view.folder,
                             .spec = deployment.spec,
                             .status = deployment.status,
                             .environment = {}};
  if (const auto named = view.environments.find(deployment.key.name); named != view.environments.end())
    request.environment = named->second;
  const ResourceKey key = view.endpoint.key;
  auto made = parts_.preparations.get(fmt::format("{}/{}/{}", view.endpoint.uid, deployment.uid, deployment.generation),
                                      request, [wake = parts_.wake, key] { wake(key); });
  if (!made) return std::optional<Json>();
  if (*made) return std::optional<Json>(**made);
  CICLO_CHECK(mark_failed(view, deployment, made->error()));
  return std::optional<Json>();
}

Result<Plan> EndpointController::plan(const View& view, bool is_running) {
  PlanRequest request;
  request.base = base_config(view);
  request.accepted = member(view.accepted, "config");
  request.traffic = member(view.endpoint.spec, "traffic");
  request.mirror_traffic = member(view.endpoint.spec, "mirror_traffic");
  request.is_running = is_running;
  for (const Resource& deployment : view.deployments) {
    PlannedDeployment planned{.name = deployment.key.name, .is_removed = deployment.deleting, .entry = {}};
    if (!deployment.deleting) {
      CICLO_TRY(planned.entry, entry_for(view, deployment));
    }
    request.deployments.push_back(std::move(planned));
  }
  return make_plan(request);
}

Result<void> EndpointController::settle(const View& view, const Plan& plan) {
  const Json& config = member(view.accepted, "config");
  for (const Resource& deployment : view.deployments) {
    const Json& served = entry_of(config, deployment.key.name);
    if (deployment.deleting) {
      if (!served.is_null()) continue;
      parts_.preparations.forget(fmt::format("{}/{}/", view.endpoint.uid, deployment.uid));
      CICLO_CHECK(parts_.service.finish_delete(deployment.key));
    } else if (!is_settled(deployment) && !served.is_null()) {
      CICLO_TRY(const auto wanted, entry_for(view, deployment));
      if (wanted && *wanted == served) CICLO_CHECK(mark_succeeded(deployment));
    }
  }
  const bool is_served = member(config, "traffic") == member(plan.config, "traffic") &&
                         member(config, "mirror_traffic") == member(plan.config, "mirror_traffic") &&
                         member(config, "auth") == member(plan.config, "auth");
  return is_served ? mark_endpoint(view, "Succeeded", {}) : Result<void>();
}

Result<void> EndpointController::mark_succeeded(const Resource& deployment) {
  const auto set = [&](Resource& now) {
    if (now.generation != deployment.generation) return false;
    now.status["provisioning_state"] = "Succeeded";
    now.status["provisioned_generation"] = now.generation;
    now.status.erase("error");
    return true;
  };
  resources::StatusChange change{.event = "succeeded", .event_data = Json::object(), .links = {}};
  if (const std::string model = text_or(deployment.status, "model_asset"); !model.empty())
    change.links.push_back({.from = model, .to = deployment.key.path(), .relation = "deployed_as"});
  CICLO_CHECK(parts_.service.change_status(deployment.key, set, change));
  return {};
}

Result<void> EndpointController::mark_failed(const View& view, const Resource& deployment, const Error& error) {
  const std::string log = last_lines(view.folder.log(), log_lines);
  const auto set = [&](Resource& now) {
    if (now.generation != deployment.generation || now.deleting) return false;
    now.status["provisioning_state"] = "Failed";
    now.status["provisioned_generation"] = now.generation;
    now.status["error"] = {{"message", error.message}, {"hint", error.hint}, {"log", log}};
    return true;
  };
  CICLO_CHECK(parts_.service.change_status(deployment.key, set,
                                           {.event = "failed", .event_data = Json::object(), .links = {}}));
  return {};
}

Result<void> EndpointController::mark_endpoint(const View& view, const std::string& state, const Json& error) {
  const auto set = [&](Resource& now) {
    // Changed meanwhile: what was done is not yet what is wanted.
    if (now.revision != view.endpoint.revision && now.generation != view.endpoint.generation) return false;
    if (text_or(now.status, "provisioning_state") == state && member(now.status, "error") == error) return false;
    now.status["provisioning_state"] = state;
    if (error.is_null()) now.status.erase("error");
    else now.status["error"] = error;
    return true;
  };
  CICLO_CHECK(parts_.service.change_status(
      view.endpoint.key, set,
      {.event = state == "Failed" ? "failed" : "succeeded", .event_data = Json::object(), .links = {}}));
  return {};
}

}  // namespace ciclo::outer_loop
