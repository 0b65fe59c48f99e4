#include "base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ciclo {
namespace {

void fill_random(void* out, std::size_t bytes) {
  auto* at = static_cast<unsigned char*>(out);
  while (bytes > 0) {
    const ssize_t got = getrandom(at, bytes, 0);
    // getrandom fails only for bad arguments or a signal; without randomness no credential may be made.
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

constexpr std::array<std::string_view, 32> adjectives = {
    "amber", "bold",  "brave",  "bright", "calm",   "careful", "clever", "cool",  "eager", "early", "fair",
    "fine",  "fresh", "gentle", "glad",   "golden", "good",    "green",  "happy", "keen",  "kind",  "light",
    "lucid", "merry", "neat",   "noble",  "quick",  "quiet",   "ready",  "sharp", "sunny", "warm"};
constexpr std::array<std::string_view, 32> nouns = {
    "apple", "beach",  "bird", "bridge", "cloud",  "coral", "field", "forest", "garden", "grove", "harbor",
    "hill",  "island", "kite", "lake",   "leaf",   "lemon", "maple", "meadow", "moon",   "ocean", "olive",
    "pearl", "pine",   "rain", "river",  "school", "star",  "stone", "tree",   "wave",   "wind"};

}  // namespace

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill_random(raw.data(), bytes);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes * 2);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

std::string new_uid() {
  return random_hex(16);
}

std::string new_friendly_name() {
  static constexpr std::string_view alphabet = "0123456789bcdfghjklmnpqrstvwxyz";
  std::array<std::uint8_t, 12> random{};
  fill_random(random.data(), random.size());
  std::string out(adjectives[random[0] % adjectives.size()]);
  out.append("_").append(nouns[random[1] % nouns.size()]).append("_");
  for (std::size_t i = 2; i < random.size(); ++i) out += alphabet[random[i] % alphabet.size()];
  return out;
}

}  // namespace ciclo
