#include "outer_loop/endpoints/controller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/digest.hpp"
#include "outer_loop/endpoints/controller_internal.hpp"
#include "outer_loop/endpoints/deployment_secrets.hpp"
#include "outer_loop/endpoints/kinds.hpp"
#include "platform/tokens/signed_token.hpp"

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
// A right may end by time, of which no event tells: while somebody holds tokens, all holders are judged this often.
constexpr std::chrono::minutes judge_pause{1};

std::uint16_t port_of(const Resource& endpoint) {
  return static_cast<std::uint16_t>(number_or(endpoint.status, "port", 0));
}

// Who may do what may be different now. An event that is missed here only delays what is done (judge_pause).
bool changes_access(const events::Event& event) {
  constexpr std::array prefixes = {"ciclo.access.",  "ciclo.role.", "ciclo.group.",
                                   "ciclo.persona.", "ciclo.user.", "ciclo.workspace."};
  return std::ranges::any_of(prefixes, [&](const char* prefix) { return event.type.starts_with(prefix); });
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
  if (!changes_access(event)) return {};
  const auto names = parts_.service.parts().database.read(
      [&](sql::Session& session) { return parts_.tokens.endpoints_with_holders(session, event.workspace); });
  std::vector<ResourceKey> keys;
  // When it cannot be read, the endpoints look for themselves within judge_pause.
  if (names)
    for (const EndpointName& name : *names) keys.push_back(endpoint_key(name.workspace, name.endpoint));
  return keys;
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
    CICLO_TRY(view.holders, parts_.tokens.holders(session, {key.workspace, key.name}));
    CICLO_TRY(view.retired_keys, parts_.tokens.retired_keys(session, {key.workspace, key.name}));
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
    parts_.served.forget(key);
    const std::lock_guard lock(mutex_);
    memories_.erase(key);
    return Next();
  }
  if (view->endpoint.deleting) return take_down(*view);
  CICLO_CHECK(complete_credentials(*view));
  CICLO_CHECK(make_private_folder(view->folder.root));
  view->accepted = read_json(view->folder.accepted());
  CICLO_CHECK(ensure_address(*view));
  return serve(*view, memory_of(key));
}

// Makes the key for tokens that an endpoint of an older server lacks, and ends the tokens of those who lost the right.
Result<void> EndpointController::complete_credentials(View& view) {
  const EndpointName name{view.endpoint.key.workspace, view.endpoint.key.name};
  const bool lacks_key = view.secrets.token_seed.empty();
  std::vector<TokenHolder> lost;
  std::ranges::copy_if(view.holders, std::back_inserter(lost),
                       [&](const TokenHolder& holder) { return parts_.tokens.is_to_end(name, holder); });
  if (!lacks_key && lost.empty()) return {};
  return parts_.service.parts().database.write([&](sql::Session& session) -> Result<void> {
    if (lacks_key) CICLO_CHECK(parts_.keys.regenerate(session, name, KeyType::token));
    for (const TokenHolder& holder : lost) CICLO_CHECK(parts_.tokens.end(session, name, holder));
    CICLO_TRY(view.secrets, parts_.keys.get(session, name));
    CICLO_TRY(view.holders, parts_.tokens.holders(session, name));
    return {};
  });
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
  CICLO_CHECK(parts_.service.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(parts_.tokens.forget(session, {key.workspace, key.name}));
    return parts_.keys.forget(session, {key.workspace, key.name});
  }));
  CICLO_CHECK(parts_.service.finish_delete(key));
  parts_.served.set(key, nullptr);
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
    parts_.served.set(key, member(member(view.accepted, "config"), "auth"));
  }
  CICLO_TRY(const Plan next, plan(view, process.has_value()));
  if (member(next.config, "deployments").empty()) return serve_nothing(view);
  if (!process) return start(view, next, memory);
  CICLO_CHECK(settle(view, next));
  if (next.config == member(view.accepted, "config")) {
    if (std::ranges::all_of(view.deployments, is_settled)) remove_unused_copies(view.folder, next.config);
    return view.holders.empty() && view.retired_keys.empty() ? Next() : Next(judge_pause);
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
  parts_.served.set(view.endpoint.key, nullptr);
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
  parts_.served.forget(key);
  memory.started = now;  // also when it cannot be started: that counts as a short life
  CICLO_TRY(const WipedText secrets, secrets_of(view, plan, EndpointIdentities::Tokens::first));
  CICLO_TRY(const auto process, parts_.scorers.start(view.folder, secrets.get()));
  parts_.scorers.watch(key, process, [wake = parts_.wake, key] { wake(key); });
  parts_.logger.info("endpoints", "the scorer was started", {{"endpoint", key.path()}, {"pid", process.pid}});
  return Next(poll_pause);
}

Result<EndpointController::Next> EndpointController::reload(const View& view, const Plan& plan, const Json& status) {
  CICLO_CHECK(write_private_json(view.folder.config(), plan.config));
  CICLO_TRY(const WipedText secrets, secrets_of(view, plan, EndpointIdentities::Tokens::one_more));
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

// What the scorer is handed beside its configuration.
Result<WipedText> EndpointController::secrets_of(const View& view, const Plan& plan,
                                                 EndpointIdentities::Tokens tokens) const {
  const ResourceKey& key = view.endpoint.key;
  WipedText secrets = secrets_for(parts_.vault, plan.config, key, parts_.logger);
  if (parts_.identities != nullptr) CICLO_CHECK(parts_.identities->add_token(key, plan.config, tokens, secrets));
  return secrets;
}

Result<Json> EndpointController::base_config(const View& view) const {
  const ResourceKey& key = view.endpoint.key;
  CICLO_TRY(const auto signer, tokens::SigningKey::from_seed(view.secrets.token_seed));
  Json public_keys = view.retired_keys;
  public_keys.insert(public_keys.begin(), signer.public_key());
  Json ended = Json::array();
  for (const TokenHolder& holder : view.holders)
    if (to_unix_ms(holder.ended) > 0)
      ended.push_back({{"principal", holder.principal}, {"issued_until", format_rfc3339(holder.ended)}});
  Json auth = {{"mode", auth_mode_of(view.endpoint)},
               {"signed_tokens", {{"public_keys", public_keys}, {"audience", view.endpoint.uid}, {"ended", ended}}},
               {"control_sha256", sha256_hex(view.secrets.control)}};
  if (takes_keys(view.endpoint))
    auth["keys_sha256"] = {sha256_hex(view.secrets.primary), sha256_hex(view.secrets.secondary)};
  return Json{{"workspace", key.workspace},
              {"endpoint", key.name},
              {"address", "127.0.0.1"},
              {"port", port_of(view.endpoint)},
              {"auth", auth},
              {"collection", {{"folder", (settings_.collected / key.workspace).string()}}}};
}

Result<std::optional<Json>> EndpointController::entry_for(const View& view, const Resource& deployment) {
  CICLO_TRY(auto entry, prepared_entry(view, deployment));
  if (entry && parts_.identities != nullptr) parts_.identities->put_into(view.endpoint, *entry);
  return entry;
}

Result<std::optional<Json>> EndpointController::prepared_entry(const View& view, const Resource& deployment) {
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
  CICLO_TRY(request.base, base_config(view));
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

}  // namespace ciclo::outer_loop
