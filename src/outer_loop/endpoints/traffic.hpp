// The rules of traffic shares. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::outer_loop {

// Percent by deployment: whole numbers of 0–100 that make 100 in all, or 0, for deployments that exist. Shares of 0 for
// others are taken out. Null and {} are no traffic. Targets of errors are below /traffic.
Result<void> check_traffic(Json& traffic, const std::vector<std::string>& deployments);

// At most one deployment, that exists and has no share in `traffic`, with 0–50 percent. Targets are below
// /mirror_traffic.
Result<void> check_mirror_traffic(Json& mirror, const Json& traffic, const std::vector<std::string>& deployments);

struct TrafficWish {
  const Json& wanted;                      // what the endpoint's spec says
  const Json& accepted;                    // what is served now
  const std::vector<std::string>& served;  // the deployments that can be served
};
// What to serve: what is wanted once all that it names can be served; till then what is served now; and when that
// cannot be served either, what is wanted, the shares of the missing going to the others in proportion. Without zeros.
Json effective_traffic(const TrafficWish& wish);

}  // namespace ciclo::outer_loop
