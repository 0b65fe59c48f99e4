// The clock seam. Times are UTC with millisecond resolution, as MLflow and Azure ML store them.
//
// Thread safety: Clock implementations are safe to call from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ciclo {

using Milliseconds = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
};

// Stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimePoint start = TimePoint(Milliseconds(1'700'000'000'000)))
      : now_(start.time_since_epoch().count()) {}
  TimePoint now() const override { return TimePoint(Milliseconds(now_.load())); }
  void advance(Milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_;
};

inline std::int64_t to_unix_ms(TimePoint time) {
  return time.time_since_epoch().count();
}
inline TimePoint from_unix_ms(std::int64_t unix_ms) {
  return TimePoint(Milliseconds(unix_ms));
}

// "2026-01-31T08:15:30.123Z" (RFC 3339, UTC).
std::string format_rfc3339(TimePoint time);
// Takes any offset and 0–9 digits of fraction (cut to milliseconds); nothing when the text is no RFC 3339 time.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace ciclo
