// A set of runs by their numbers, one bit each, up to the greatest number there is.
//
// Memory: an eighth of a byte a run of the whole database, whatever the set holds. Thread safety: plain value.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ciclo::tracking {

class RunSet {
 public:
  RunSet() = default;
  // Empty, for runs numbered 0 to `greatest`.
  explicit RunSet(std::int64_t greatest) : words_((static_cast<std::size_t>(greatest) >> 6U) + 1) {}

  // Numbers beyond the greatest are left out: they are of runs that came after the search began.
  void add(std::int64_t run) {
    const auto at = static_cast<std::size_t>(run);
    if (at >> 6U < words_.size()) words_[at >> 6U] |= std::uint64_t{1} << (at & 63U);
  }
  bool has(std::int64_t run) const {
    const auto at = static_cast<std::size_t>(run);
    return at >> 6U < words_.size() && (words_[at >> 6U] >> (at & 63U) & 1U) != 0;
  }

  void keep(const RunSet& other) {
    combine(other, [](std::uint64_t a, std::uint64_t b) { return a & b; });
  }
  void add_all(const RunSet& other) {
    combine(other, [](std::uint64_t a, std::uint64_t b) { return a | b; });
  }
  void remove_all(const RunSet& other) {
    combine(other, [](std::uint64_t a, std::uint64_t b) { return a & ~b; });
  }

  std::size_t size() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  // In ascending order.
  std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> found;
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        found.push_back(static_cast<std::int64_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
    return found;
  }

 private:
  template <class Operation>
  void combine(const RunSet& other, Operation operation) {
    for (std::size_t i = 0; i < words_.size(); ++i)
      words_[i] = operation(words_[i], i < other.words_.size() ? other.words_[i] : 0);
  }

  std::vector<std::uint64_t> words_;
};

}  // namespace ciclo::tracking
