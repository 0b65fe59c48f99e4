#include "administration/secrets/known_values.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace ciclo::administration {
namespace {

constexpr std::size_t most_values = 1000;
constexpr std::size_t most_bytes = 4U << 20U;

}  // namespace

void KnownValues::add(std::string_view value) {
  if (value.size() < log::shortest_masked_bytes) return;
  const std::size_t hash = std::hash<std::string_view>()(value);
  const std::lock_guard lock(mutex_);
  if (std::ranges::any_of(known_,
                          [&](const Known& known) { return known.hash == hash && known.bytes == value.size(); }))
    return;
  std::vector<std::string> values{std::string(value)};
  known_.push_back({hash, value.size(), std::make_shared<log::Masker>(values)});
  wipe(values.front());
  bytes_ += value.size();
  while (known_.size() > most_values || bytes_ > most_bytes) {
    bytes_ -= known_.front().bytes;
    known_.pop_front();
  }
}

std::string KnownValues::mask(std::string_view text) const {
  std::string out(text);
  const std::lock_guard lock(mutex_);
  for (const Known& known : known_)
    if (out.size() >= log::shortest_masked_bytes) out = known.masker->mask(out);
  return out;
}

}  // namespace ciclo::administration
