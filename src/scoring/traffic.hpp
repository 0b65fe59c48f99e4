// Which deployment answers a request: a pure function of the endpoint's weights and one number.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::scoring {

struct TrafficShare {
  std::string deployment;
  int percent = 0;  // 0–100; all shares of an endpoint sum to 100, or to 0 when it takes no traffic
};

// The deployment for `draw`, a number spread evenly over 0 … 2^64-1: from random_draw() for each request, or from
// sticky_draw() to send one key to one deployment always. Nothing when all shares are 0.
// Raising one share moves keys only to it, as long as the order of the shares stays the same.
std::optional<std::string_view> choose_deployment(const std::vector<TrafficShare>& shares, std::uint64_t draw);

// Whether a request is copied to a mirror of `percent` (0–50).
bool is_mirrored(int percent, std::uint64_t draw);

// The same for the same key in every process and version (FNV-1a 64, then mixed).
std::uint64_t sticky_draw(std::string_view key);
// A fresh draw from the calling thread's generator.
std::uint64_t random_draw();

}  // namespace ciclo::scoring
