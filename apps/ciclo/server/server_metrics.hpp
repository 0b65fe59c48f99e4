// What /metrics shows of the control plane: requests by route, their durations, those refused by rate, and the process.
//
// Thread safety: safe from any thread.
#pragma once

#include "platform/http/server.hpp"
#include "platform/metrics/metrics.hpp"

namespace ciclo::server {

class ServerMetrics {
 public:
  ServerMetrics();
  // For http::Server's on_served.
  void served(const http::Served& served);
  // Shows how many requests it refused. It must outlive this.
  void watch(const http::RateLimiter& limiter);
  std::string text() const { return registry_.text(); }

 private:
  metrics::Registry registry_;
  metrics::Family<metrics::Counter>& requests_;
  metrics::Family<metrics::Histogram>& durations_;
};

}  // namespace ciclo::server
