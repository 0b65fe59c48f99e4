#include "scoring/metrics_text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace ciclo::scoring {
namespace {

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class T>
  void sample(std::string_view name, std::string_view labels, T value) {
    fmt::format_to(std::back_inserter(text), "{}{}{}{} {}\n", name, labels.empty() ? "" : "{", labels,
                   labels.empty() ? "" : "}", value);
  }
  std::string text;
};

void render_latency(Page& page, const std::string& deployment, const DeploymentMetrics& metrics) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < metrics.latency.size(); ++i) {
    count += metrics.latency[i].load(std::memory_order_relaxed);
    const bool last = i == DeploymentMetrics::latency_bounds_us.size();
    const auto bound = last ? std::string("+Inf") : fmt::format("{}", DeploymentMetrics::latency_bounds_us[i] / 1e6);
    page.sample("ciclo_scorer_request_duration_seconds_bucket",
                fmt::format(R"(deployment="{}",le="{}")", deployment, bound), count);
  }
  page.sample("ciclo_scorer_request_duration_seconds_sum", fmt::format(R"(deployment="{}")", deployment),
              static_cast<double>(metrics.latency_sum_ns.load(std::memory_order_relaxed)) / 1e9);
  page.sample("ciclo_scorer_request_duration_seconds_count", fmt::format(R"(deployment="{}")", deployment), count);
}

}  // namespace

// Deployment names match [A-Za-z0-9_-], so labels need no escapes.
std::string render(const MetricsPage& facts, const EndpointSnapshot& current) {
  Page page;
  page.family("ciclo_scorer_requests_total", "counter", "Answered requests by class of status.");
  for (const auto& [name, metrics] : facts.deployments) {
    for (std::size_t c = 1; c < metrics->by_class.size(); ++c) {
      page.sample("ciclo_scorer_requests_total", fmt::format(R"(deployment="{}",status_class="{}xx")", name, c),
                  metrics->by_class[c].load());
    }
  }
  page.family("ciclo_scorer_request_duration_seconds", "histogram", "Time from the whole request to the answer.");
  for (const auto& [name, metrics] : facts.deployments) render_latency(page, name, *metrics);
  page.family("ciclo_scorer_model_failures_total", "counter", "Requests that the model itself failed.");
  for (const auto& [name, metrics] : facts.deployments) {
    page.sample("ciclo_scorer_model_failures_total", fmt::format(R"(deployment="{}")", name),
                metrics->model_failures.load());
  }
  page.family("ciclo_scorer_shadow_requests_total", "counter", "Requests copied to the mirror deployment.");
  for (const auto& [name, metrics] : facts.deployments) {
    page.sample("ciclo_scorer_shadow_requests_total", fmt::format(R"(deployment="{}")", name),
                metrics->shadow_requests.load());
  }
  page.family("ciclo_scorer_admitted_total", "counter", "Requests let in, by what their caller showed.");
  page.sample("ciclo_scorer_admitted_total", R"(credential="key")", facts.admission.by_key);
  page.sample("ciclo_scorer_admitted_total", R"(credential="token")", facts.admission.by_token);
  page.family("ciclo_scorer_refused_total", "counter", "Requests without a key or token that is good here.");
  page.sample("ciclo_scorer_refused_total", "", facts.admission.refused);
  page.family("ciclo_scorer_in_flight", "gauge", "Requests running or waiting.");
  for (const auto& deployment : current.deployments) {
    page.sample("ciclo_scorer_in_flight", fmt::format(R"(deployment="{}")", deployment->name()),
                deployment->admission().in_flight());
  }
  page.family("ciclo_scorer_model_load_seconds", "gauge", "How long loading the deployment's model took.");
  for (const auto& deployment : current.deployments) {
    page.sample("ciclo_scorer_model_load_seconds", fmt::format(R"(deployment="{}")", deployment->name()),
                std::chrono::duration<double>(deployment->load_time()).count());
  }
  page.family("ciclo_scorer_collected_total", "counter", "Lines of collected data written.");
  page.sample("ciclo_scorer_collected_total", "", facts.collection.collected);
  page.family("ciclo_scorer_collection_dropped_total", "counter", "Records of collected data that were lost.");
  page.sample("ciclo_scorer_collection_dropped_total", "", facts.collection.dropped);
  page.family("ciclo_scorer_generation", "gauge", "Number of the configuration being served.");
  page.sample("ciclo_scorer_generation", "", current.generation);
  page.family("ciclo_scorer_reloads_total", "counter", "Configurations taken.");
  page.sample("ciclo_scorer_reloads_total", "", facts.reloads);
  page.family("ciclo_scorer_failed_reloads_total", "counter", "Configurations refused.");
  page.sample("ciclo_scorer_failed_reloads_total", "", facts.failed_reloads);
  return page.text;
}

}  // namespace ciclo::scoring
