#include "platform/http/rate_limit.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/ids.hpp"
#include "platform/http/outbound.hpp"

namespace ciclo::http {
namespace {

constexpr double nanoseconds_per_second = 1e9;
constexpr std::size_t places_per_row = 8;
constexpr std::size_t rows = 512;  // 4096 callers, 64 KiB a table
constexpr std::size_t locks = 16;

// FNV-1a from a secret start, so that nobody can choose whose place they share, then mixed (the finaliser of
// MurmurHash3). Never 0, which marks a free place.
std::uint64_t hash_of(std::uint64_t seed, const char* text, std::size_t size) {
  std::uint64_t hash = seed;
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x100000001b3ULL;
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33U;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  hash ^= hash >> 33U;
  return hash | 1U;
}

std::int64_t ticks(RateLimiter::Clock::time_point now) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
}

// What of an address counts: all of IPv4, the network of IPv6.
class AddressKey {
 public:
  explicit AddressKey(std::string_view address) : text_(address) {
    if (address.find(':') == std::string_view::npos) return;
    const auto parsed = IpAddress::parse(address);
    if (!parsed) return;
    const auto begin = parsed->bytes.begin() + (parsed->is_v4() ? 12 : 0);
    std::copy_n(begin, parsed->is_v4() ? 4 : 8, bytes_.begin());
    text_ = {bytes_.data(), bytes_.size()};
  }
  AddressKey(const AddressKey&) = delete;
  AddressKey& operator=(const AddressKey&) = delete;
  std::string_view text() const { return text_; }

 private:
  std::array<char, 8> bytes_{};
  std::string_view text_;
};

}  // namespace

RateDecision decide_rate(const RateLimit& limit, std::int64_t full_at, std::int64_t now) {
  if (limit.per_second <= 0) return {.allowed = true, .full_at = full_at, .retry_after = {}};
  const double one = nanoseconds_per_second / limit.per_second;
  const auto ahead = static_cast<std::int64_t>(one * std::max(limit.burst, 1.0));
  const std::int64_t next = std::max(full_at, now) + std::max<std::int64_t>(static_cast<std::int64_t>(one), 1);
  if (next - now <= ahead) return {.allowed = true, .full_at = next, .retry_after = {}};
  return {.allowed = false, .full_at = full_at, .retry_after = std::chrono::nanoseconds(next - now - ahead)};
}

class RateLimiter::Table {
 public:
  explicit Table(const RateLimit& limit)
      : limit_(limit), seed_(std::stoull(random_hex(8), nullptr, 16)), rows_(limit.per_second > 0 ? rows : 0) {}

  std::chrono::nanoseconds take(std::string_view caller, Clock::time_point now) {
    if (rows_.empty()) return {};
    const std::uint64_t key = key_of(caller);
    std::atomic<std::int64_t>& full_at = place_of(key, ticks(now));
    std::int64_t seen = full_at.load(std::memory_order_relaxed);
    while (true) {
      const RateDecision decision = decide_rate(limit_, seen, ticks(now));
      if (!decision.allowed) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        return decision.retry_after;
      }
      if (full_at.compare_exchange_weak(seen, decision.full_at, std::memory_order_relaxed)) return {};
    }
  }

  std::chrono::nanoseconds wait_of(std::string_view caller, Clock::time_point now) {
    if (rows_.empty() || used_.load(std::memory_order_relaxed) == 0) return {};
    const std::uint64_t key = key_of(caller);
    for (const Place& place : rows_[key / 2 % rows]) {
      if (place.key.load(std::memory_order_acquire) != key) continue;
      const RateDecision decision = decide_rate(limit_, place.full_at.load(std::memory_order_relaxed), ticks(now));
      if (!decision.allowed) refused_.fetch_add(1, std::memory_order_relaxed);
      return decision.retry_after;
    }
    return {};
  }

  std::atomic<std::uint64_t> refused_ = 0;

 private:
  struct Place {
    std::atomic<std::uint64_t> key = 0;
    std::atomic<std::int64_t> full_at = 0;
  };
  using Row = std::array<Place, places_per_row>;

  std::uint64_t key_of(std::string_view caller) const { return hash_of(seed_, caller.data(), caller.size()); }

  std::atomic<std::int64_t>& place_of(std::uint64_t key, std::int64_t now) {
    Row& row = rows_[key / 2 % rows];
    for (Place& place : row)
      if (place.key.load(std::memory_order_acquire) == key) return place.full_at;
    const std::lock_guard lock(locks_[key / 2 % locks]);
    Place* fullest = row.data();
    for (Place& place : row) {
      if (place.key.load(std::memory_order_relaxed) == key) return place.full_at;
      if (place.full_at.load(std::memory_order_relaxed) < fullest->full_at.load(std::memory_order_relaxed))
        fullest = &place;
    }
    fullest->full_at.store(now, std::memory_order_relaxed);
    fullest->key.store(key, std::memory_order_release);
    used_.store(1, std::memory_order_relaxed);
    return fullest->full_at;
  }

  const RateLimit limit_;
  const std::uint64_t seed_;
  std::vector<Row> rows_;
  std::atomic<int> used_ = 0;  // whether anybody has a place
  std::array<std::mutex, locks> locks_;
};

RateLimiter::RateLimiter(const Settings& settings)
    : principals_(std::make_unique<Table>(settings.principals)),
      addresses_(std::make_unique<Table>(settings.addresses)) {}
RateLimiter::~RateLimiter() = default;

std::chrono::nanoseconds RateLimiter::take_principal(std::string_view principal, Clock::time_point now) {
  return principals_->take(principal, now);
}

std::chrono::nanoseconds RateLimiter::take_address(std::string_view address, Clock::time_point now) {
  return addresses_->take(AddressKey(address).text(), now);
}

std::chrono::nanoseconds RateLimiter::wait_of_address(std::string_view address, Clock::time_point now) {
  return addresses_->wait_of(AddressKey(address).text(), now);
}

std::uint64_t RateLimiter::refused_principals() const {
  return principals_->refused_.load(std::memory_order_relaxed);
}
std::uint64_t RateLimiter::refused_addresses() const {
  return addresses_->refused_.load(std::memory_order_relaxed);
}

}  // namespace ciclo::http
