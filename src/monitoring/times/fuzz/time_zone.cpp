// Bytes of a TZif file, then questions to what was read.
#include <cstdint>
#include <string_view>

#include "monitoring/times/time_zone.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::monitoring;
  using std::chrono::seconds;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto rule = parse_posix_rule(bytes)) {
    offset_by_rule(*rule, std::chrono::sys_seconds(seconds(1'700'000'000)));
    offset_by_rule(*rule, std::chrono::sys_seconds(seconds(-1)));
  }
  if (const auto zone = TimeZone::parse_tzif(bytes)) {
    for (const std::int64_t at : {-62'000'000'000LL, 0LL, 1'700'000'000LL, 4'000'000'000LL}) {
      const auto wall = zone->to_local(std::chrono::sys_seconds(seconds(at)));
      zone->to_utc(wall);
    }
  }
  return 0;
}
