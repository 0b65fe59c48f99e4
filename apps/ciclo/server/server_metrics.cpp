#include "server/server_metrics.hpp"

namespace ciclo::server {

ServerMetrics::ServerMetrics()
    : requests_(registry_.counters("ciclo_http_requests_total", "Requests answered.", {"method", "route", "status"})),
      durations_(registry_.histograms("ciclo_http_request_duration_seconds",
                                      "Time from the request's head to its answer.", {"route"})) {
  metrics::add_process_metrics(registry_);
}

void ServerMetrics::served(const http::Served& served) {
  // The route's pattern, never the path: a caller must not be able to make up label values.
  const std::string route = served.route == nullptr ? "none" : served.route->pattern;
  requests_.with({std::string(http::name_of(served.method)), route, std::to_string(served.status)}).add();
  durations_.with({route}).observe(served.duration);
}

void ServerMetrics::watch(const http::RateLimiter& limiter) {
  auto& refused = registry_.totals("ciclo_http_rate_limited_total", "Requests refused as too many.", {"by"});
  registry_.before_text([&limiter, &principals = refused.with({"principal"}), &addresses = refused.with({"address"})] {
    principals.set(static_cast<double>(limiter.refused_principals()));
    addresses.set(static_cast<double>(limiter.refused_addresses()));
  });
}

}  // namespace ciclo::server
