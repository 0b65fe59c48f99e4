// What /metrics shows of the control plane: requests by route, their durations, and the process.
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
  std::string text() const { return registry_.text(); }

 private:
  metrics::Registry registry_;
  metrics::Family<metrics::Counter>& requests_;
  metrics::Family<metrics::Histogram>& durations_;
};

}  // namespace ciclo::server
