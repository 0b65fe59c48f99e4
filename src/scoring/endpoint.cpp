#include "scoring/endpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "scoring/metrics_text.hpp"

namespace ciclo::scoring {

Deployment* EndpointSnapshot::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(deployments, [&](const auto& deployment) { return deployment->name() == name; });
  return found == deployments.end() ? nullptr : found->get();
}

Result<Deployment*> choose(const EndpointSnapshot& snapshot, std::string_view wanted, std::uint64_t draw) {
  const auto chosen = wanted.empty() ? choose_deployment(snapshot.settings.traffic, draw) : std::optional(wanted);
  if (!chosen) {
    return fail(ErrorCode::not_found, "no deployment of this endpoint takes traffic", {},
                "give traffic to a deployment, or name one in the header azureml-model-deployment");
  }
  if (auto* deployment = snapshot.find(*chosen)) return deployment;
  for (const auto& failed : snapshot.failed) {
    if (failed.name == *chosen)
      return fail(ErrorCode::unavailable,
                  fmt::format("the deployment '{}' has no model: {}", failed.name, failed.error.message));
  }
  std::vector<std::string> names;
  for (const auto& deployment : snapshot.deployments) names.push_back(deployment->name());
  const auto near = nearest(*chosen, names);
  return fail(ErrorCode::not_found, fmt::format("this endpoint has no deployment '{}'", *chosen), {},
              near ? fmt::format("the nearest is '{}'", *near) : "");
}

Endpoint::Endpoint(OnnxRuntime& runtime, const Clock& clock)
    : runtime_(runtime),
      clock_(clock),
      instance_(fmt::format("{}-{}", ::getpid(), random_hex(6))),
      snapshot_(std::make_shared<EndpointSnapshot>()) {}

std::shared_ptr<const EndpointSnapshot> Endpoint::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

std::shared_ptr<DeploymentMetrics> Endpoint::metrics_of(const std::string& deployment) {
  const std::lock_guard lock(mutex_);
  auto& metrics = metrics_[deployment];
  if (!metrics) metrics = std::make_shared<DeploymentMetrics>();
  return metrics;
}

Result<std::shared_ptr<Deployment>> Endpoint::load_or_keep(const EndpointSnapshot& old,
                                                           const DeploymentSettings& wanted) {
  const auto same = std::ranges::find_if(old.deployments, [&](const auto& d) {
    return d->name() == wanted.name && d->fingerprint() == fingerprint_of(wanted);
  });
  if (same != old.deployments.end()) return *same;
  CICLO_TRY(const DeploymentSettings whole, secrets_.put_into(wanted));
  return Deployment::load(runtime_, whole, metrics_of(wanted.name));
}

// All at once: Python models take seconds each, most of them waiting for the disk.
std::vector<Result<std::shared_ptr<Deployment>>> Endpoint::load_all(const EndpointSnapshot& old,
                                                                    const std::vector<DeploymentSettings>& wanted) {
  std::vector<Result<std::shared_ptr<Deployment>>> loads(wanted.size());
  std::vector<std::jthread> loaders;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    loaders.emplace_back([&, i] { loads[i] = load_or_keep(old, wanted[i]); });
  }
  loaders.clear();
  return loads;
}

std::shared_ptr<Collector> Endpoint::collector_for(const EndpointSnapshot& old, const ScorerSettings& settings) {
  if (settings.collection_folder.empty()) return nullptr;
  if (old.collector && old.settings.collection_folder == settings.collection_folder) return old.collector;
  return std::make_shared<Collector>(
      CollectorSettings{.folder = settings.collection_folder,
                        .workspace = settings.workspace,
                        .endpoint = settings.endpoint,
                        .instance = fmt::format("{}-{}", instance_, old.generation + 1)});
}

Result<void> Endpoint::apply(ScorerSettings settings) {
  const std::lock_guard applying(apply_mutex_);
  const auto old = snapshot();
  const bool is_first = old->generation == 0;
  auto next = std::make_shared<EndpointSnapshot>();
  next->generation = old->generation + 1;
  next->is_quick = true;
  auto loads = load_all(*old, settings.deployments);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    auto& loaded = loads[i];
    if (loaded) {
      next->is_quick = next->is_quick && (*loaded)->is_quick();
      next->deployments.push_back(*std::move(loaded));
      continue;
    }
    note_failure(loaded.error());
    if (!is_first) return std::unexpected(std::move(loaded).error());
    next->failed.push_back({settings.deployments[i].name, std::move(loaded).error()});
  }
  next->collector = collector_for(*old, settings);
  next->settings = std::move(settings);
  const std::lock_guard lock(mutex_);
  snapshot_ = next;
  is_quick_.store(next->is_quick, std::memory_order_relaxed);
  ++reloads_;
  if (!next->failed.empty()) return std::unexpected(next->failed.front().error);
  last_error_.clear();
  return {};
}

void Endpoint::note_failure(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error.text();
  ++failed_reloads_;
}

Json Endpoint::status() const {
  const auto current = snapshot();
  auto deployments = Json::array();
  for (const auto& deployment : current->deployments) deployments.push_back(deployment->status());
  for (const auto& failed : current->failed) {
    deployments.push_back({{"name", failed.name}, {"state", "failed"}, {"error", failed.error.text()}});
  }
  auto traffic = Json::object();
  for (const auto& share : current->settings.traffic) traffic[share.deployment] = share.percent;
  Json status{{"endpoint", current->settings.endpoint},
              {"workspace", current->settings.workspace},
              {"pid", ::getpid()},
              {"generation", current->generation},
              {"traffic", traffic},
              {"deployments", deployments},
              {"callers", callers_.to_json()}};
  if (current->settings.mirror)
    status["mirror_traffic"] = {{current->settings.mirror->deployment, current->settings.mirror->percent}};
  if (current->collector) {
    const auto counters = current->collector->counters();
    status["collection"] = {
        {"collected", counters.collected}, {"dropped", counters.dropped}, {"error", current->collector->last_error()}};
  }
  const std::lock_guard lock(mutex_);
  status["failed_reloads"] = failed_reloads_;
  status["error"] = last_error_;
  return status;
}

std::string Endpoint::metrics_text() const {
  const auto current = snapshot();
  MetricsPage page;
  page.admission = callers_.counts();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, metrics] : metrics_) page.deployments.emplace_back(name, metrics.get());
    page.reloads = reloads_;
    page.failed_reloads = failed_reloads_;
  }
  if (current->collector) page.collection = current->collector->counters();
  return render(page, *current);
}

}  // namespace ciclo::scoring
