// Brings endpoints about: one ciclo-scorer for each endpoint that has deployments, serving them with the wanted shares
// of traffic. The scorer outlives this server, and the next server finds it again; when it ends by itself it is
// started again, at once at first, then with growing pauses.
//
// What is served is known from the scorer alone (its status) and from the endpoint's folder; memory only holds what
// may be forgotten: when it was started last, and what it was told last.
//
// Thread safety: reconcile() of different endpoints runs at the same time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>

#include "outer_loop/endpoints/endpoint_identity.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "outer_loop/endpoints/plan.hpp"
#include "outer_loop/endpoints/preparation.hpp"
#include "outer_loop/endpoints/scorer.hpp"
#include "outer_loop/endpoints/served.hpp"
#include "outer_loop/endpoints/tokens.hpp"
#include "platform/log/log.hpp"
#include "resources/reconcile.hpp"

namespace ciclo::outer_loop {

class EndpointController final : public resources::Controller {
 public:
  struct Parts {
    resources::ResourceService& service;
    const EndpointKeys& keys;
    const EndpointTokens& tokens;
    ServedCredentials& served;
    ScorerProcesses& scorers;
    ScorerControl& control;
    Preparations& preparations;
    log::Logger& logger;
    // Asks for a call of reconcile() soon (ReconcileLoop::wake).
    std::function<void(const resources::ResourceKey&)> wake;
    const administration::Vault* vault = nullptr;    // without one, no deployment has secrets
    const EndpointIdentities* identities = nullptr;  // without it, no endpoint has an identity
  };
  struct Settings {
    std::filesystem::path endpoints;  // <data>/endpoints
    std::filesystem::path collected;  // <data>/collected
  };
  EndpointController(Parts parts, Settings settings) : parts_(std::move(parts)), settings_(std::move(settings)) {}

  std::string kind() const override { return "online-endpoint"; }
  Result<std::optional<std::chrono::milliseconds>> reconcile(const resources::ResourceKey& key) override;
  // Also events of an endpoint's deployments, and changes of who may do what for endpoints that somebody holds tokens
  // of.
  std::vector<resources::ResourceKey> wakes(const events::Event& event) const override;

 private:
  using Next = std::optional<std::chrono::milliseconds>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  // What was told to a scorer and not answered yet.
  struct Pending {
    std::int64_t failures_before = 0;
    std::vector<std::string> candidates;
  };
  struct Memory {
    std::optional<SteadyTime> started;  // of the process that runs, or whose end was not seen yet
    SteadyTime may_start;
    int failures = 0;  // starts in a row that did not last
    std::optional<Pending> pending;
  };
  // An endpoint as one call of reconcile() sees it.
  struct View {
    resources::Resource endpoint;
    std::vector<resources::Resource> deployments;
    std::map<std::string, Json> environments;  // by deployment that names one
    EndpointSecrets secrets;
    std::vector<TokenHolder> holders;
    std::vector<std::string> retired_keys;  // for tokens
    EndpointFolder folder;
    Json accepted;  // accepted.json
  };

  Result<std::optional<View>> load(const resources::ResourceKey& key);
  EndpointFolder folder_of(const resources::ResourceKey& key) const;
  Memory& memory_of(const resources::ResourceKey& key);
  Result<void> complete_credentials(View& view);
  Result<void> ensure_address(View& view);
  Result<Next> take_down(const View& view);
  Result<Next> serve(View& view, Memory& memory);
  Result<Next> serve_nothing(const View& view);
  Result<Next> start(const View& view, const Plan& plan, Memory& memory);
  Result<Next> reload(const View& view, const Plan& plan, const Json& status);

  // Takes in what the scorer says of itself. False while an answer is still awaited.
  Result<bool> take_status(View& view, const Json& status, Memory& memory);
  Result<void> accept(View& view, const Json& status);
  Result<void> take_failure(View& view, const Pending& pending, const std::string& error);

  Result<WipedText> secrets_of(const View& view, const Plan& plan, EndpointIdentities::Tokens tokens) const;
  Result<Json> base_config(const View& view) const;
  Result<Plan> plan(const View& view, bool is_running);
  // In scorer.json, as it is wanted now; nothing while it is being prepared, and when that failed.
  Result<std::optional<Json>> entry_for(const View& view, const resources::Resource& deployment);
  Result<std::optional<Json>> prepared_entry(const View& view, const resources::Resource& deployment);
  // Writes down how deployments and endpoint are now.
  Result<void> settle(const View& view, const Plan& plan);
  Result<void> mark_succeeded(const resources::Resource& deployment);
  Result<void> mark_failed(const View& view, const resources::Resource& deployment, const Error& error);
  Result<void> mark_endpoint(const View& view, const std::string& state, const Json& error);

  Parts parts_;
  const Settings settings_;
  std::mutex mutex_;
  std::map<resources::ResourceKey, Memory> memories_;
};

}  // namespace ciclo::outer_loop
