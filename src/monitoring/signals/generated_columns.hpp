// Columns for tests that any language can make again: Knuth's MMIX linear congruential generator, and sums of twelve
// uniform numbers as nearly normal ones.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ciclo::monitoring::signals {

struct GeneratedColumn {
  std::uint64_t seed = 1;
  std::size_t size = 0;
  double shift = 0.0;
  double scale = 1.0;
};

// x ← 6364136223846793005·x + 1442695040888963407 (mod 2^64), u = ⌊x/2^11⌋·2^−53, value = shift + scale·(Σ12 u − 6).
inline std::vector<double> generate(const GeneratedColumn& column) {
  std::vector<double> values;
  values.reserve(column.size);
  std::uint64_t x = column.seed;
  for (std::size_t i = 0; i < column.size; ++i) {
    double sum = 0.0;
    for (int j = 0; j < 12; ++j) {
      x = x * 6364136223846793005ULL + 1442695040888963407ULL;
      sum += static_cast<double>(x >> 11U) * 0x1p-53;
    }
    values.push_back(column.shift + column.scale * (sum - 6.0));
  }
  return values;
}

template <class Function>
std::vector<double> map_values(std::vector<double> values, Function function) {
  for (double& value : values) value = function(value);
  return values;
}

}  // namespace ciclo::monitoring::signals
