// The parts of drift metrics that are the same for bins and categories.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>

namespace ciclo::monitoring::signals {

// Counts of the reference and of production in the same bins. Both totals must be positive.
struct Frequencies {
  std::span<const std::int64_t> reference;
  std::span<const std::int64_t> production;
};

// See drift.hpp for both.
double jensen_shannon_of(const Frequencies& counts);
double stability_index_of(const Frequencies& counts);

}  // namespace ciclo::monitoring::signals
