// Who was let in, and how often. Holders of a key are all "endpoint-key"; holders of a token count by their own names.
// The names are for /-/status, which only the control server reads; /metrics, open to everybody, has sums alone.
//
// Thread safety: safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace ciclo::scoring {

inline constexpr std::string_view key_holder = "endpoint-key";

struct AdmissionCounts {
  std::uint64_t by_key = 0;
  std::uint64_t by_token = 0;
  std::uint64_t refused = 0;
};

class Callers {
 public:
  using Counter = std::shared_ptr<std::atomic<std::uint64_t>>;

  // The counter of a token's holder. Beyond 1000 names they share the one of "(others)".
  Counter counter_of(const std::string& principal);
  void count_key() { by_key_.fetch_add(1, std::memory_order_relaxed); }
  void count_refused() { refused_.fetch_add(1, std::memory_order_relaxed); }

  AdmissionCounts counts() const;
  // [{"principal","requests"}], by name; without those who never came.
  Json to_json() const;

 private:
  std::atomic<std::uint64_t> by_key_{0};
  std::atomic<std::uint64_t> refused_{0};
  mutable std::mutex mutex_;
  std::map<std::string, Counter, std::less<>> by_name_;
};

}  // namespace ciclo::scoring
