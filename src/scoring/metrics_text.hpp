// Internal to this folder: the page /metrics in Prometheus' text format.
//
// Thread safety: pure function over counters that may move meanwhile.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scoring/endpoint.hpp"

namespace ciclo::scoring {

struct MetricsPage {
  std::vector<std::pair<std::string, const DeploymentMetrics*>> deployments;
  std::uint64_t reloads = 0;
  std::uint64_t failed_reloads = 0;
  CollectorCounters collection;
  AdmissionCounts admission;
};

std::string render(const MetricsPage& page, const EndpointSnapshot& current);

}  // namespace ciclo::scoring
