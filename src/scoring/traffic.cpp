#include "scoring/traffic.hpp"

#include <random>

namespace ciclo::scoring {
namespace {

// Evenly over 0 … range-1 without the bias of a modulo.
std::uint64_t scale(std::uint64_t draw, std::uint64_t range) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(draw) * range) >> 64U);
}

// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

}  // namespace

std::optional<std::string_view> choose_deployment(const std::vector<TrafficShare>& shares, std::uint64_t draw) {
  std::uint64_t sum = 0;
  for (const auto& share : shares) sum += static_cast<std::uint64_t>(share.percent);
  if (sum == 0) return std::nullopt;
  auto point = scale(draw, sum);
  for (const auto& share : shares) {
    const auto percent = static_cast<std::uint64_t>(share.percent);
    if (point < percent) return share.deployment;
    point -= percent;
  }
  return std::nullopt;
}

bool is_mirrored(int percent, std::uint64_t draw) {
  return scale(mix(draw), 100) < static_cast<std::uint64_t>(percent);
}

std::uint64_t sticky_draw(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return mix(hash);
}

std::uint64_t random_draw() {
  thread_local std::mt19937_64 generator{[] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32U) | device();
  }()};
  return generator();
}

}  // namespace ciclo::scoring
