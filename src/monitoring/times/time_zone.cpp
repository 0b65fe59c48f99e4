#include "monitoring/times/time_zone.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/text.hpp"

namespace ciclo::monitoring {
namespace {

using std::chrono::hours;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t kMaxBytes = 64U << 10U;
constexpr std::uint32_t kMaxTransitions = 8192;
constexpr std::uint32_t kMaxTypes = 256;
constexpr std::size_t kHeaderBytes = 44;

Failure malformed(std::string_view what) {
  return fail(ErrorCode::invalid, "the time zone file is malformed: " + std::string(what));
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::int64_t read_i64(std::string_view bytes, std::size_t at) {
  const std::uint64_t high = read_u32(bytes, at);
  return static_cast<std::int64_t>((high << 32U) | read_u32(bytes, at + 4));
}

struct Header {
  std::uint32_t universal = 0, standard = 0, leaps = 0, transitions = 0, types = 0, characters = 0;

  std::size_t body_bytes(std::size_t time_bytes) const {
    return std::size_t{transitions} * (time_bytes + 1) + std::size_t{types} * 6 + characters +
           std::size_t{leaps} * (time_bytes + 4) + standard + universal;
  }
};

Result<Header> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif")) return malformed("it does not begin with TZif");
  Header header;
  header.universal = read_u32(bytes, 20);
  header.standard = read_u32(bytes, 24);
  header.leaps = read_u32(bytes, 28);
  header.transitions = read_u32(bytes, 32);
  header.types = read_u32(bytes, 36);
  header.characters = read_u32(bytes, 40);
  if (header.transitions > kMaxTransitions || header.types == 0 || header.types > kMaxTypes ||
      header.leaps > kMaxTransitions || header.characters > kMaxBytes || header.standard > kMaxTypes ||
      header.universal > kMaxTypes) {
    return malformed("its counts are out of range");
  }
  return header;
}

// "+05:30", "-3", "UTC-11", "UTC+12"
std::optional<seconds> parse_fixed_offset(std::string_view name) {
  if (name.size() > 3 && iequals(name.substr(0, 3), "UTC")) name.remove_prefix(3);
  if (name.size() < 2 || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  const auto parts = split(name.substr(1), ':');
  if (parts.size() > 2 || parts[0].size() > 2 || (parts.size() == 2 && parts[1].size() != 2)) return std::nullopt;
  const auto hour = parse_int(parts[0]);
  const auto minute = parts.size() == 2 ? parse_int(parts[1]) : std::optional<std::int64_t>(0);
  if (!hour || !minute || *hour < 0 || *hour > 14 || *minute < 0 || *minute > 59) return std::nullopt;
  const seconds offset = hours(*hour) + minutes(*minute);
  return name[0] == '-' ? -offset : offset;
}

bool is_iana_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  });
  return plain && !name.empty() && name.size() <= 64 && name.front() != '/' && name.back() != '/' &&
         name.find("//") == std::string_view::npos;
}

Failure unknown_zone(std::string_view name) {
  const auto near = nearest(name, windows_names());
  return fail(ErrorCode::invalid, "there is no time zone '" + std::string(name.substr(0, 80)) + "'", {},
              near ? "did you mean '" + *near + "'?" : "give an IANA name such as America/Sao_Paulo, or UTC");
}

}  // namespace

Result<TimeZone> TimeZone::load(std::string_view name, const std::filesystem::path& folder) {
  if (name.empty() || iequals(name, "UTC") || iequals(name, "Z") || iequals(name, "GMT")) return utc();
  if (const auto offset = parse_fixed_offset(name)) {
    TimeZone zone;
    zone.first_offset_ = *offset;
    zone.rule_.standard_offset = *offset;
    return zone;
  }
  const std::string_view iana = iana_name_of(name);
  const std::string_view wanted = iana.empty() ? name : iana;
  if (!is_iana_name(wanted)) return unknown_zone(name);
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return fail(ErrorCode::unavailable, "this machine has no time zone data", folder.string(),
                "install the package tzdata, or use UTC or a fixed offset such as -03:00");
  }
  const auto path = folder / wanted;
  if (!std::filesystem::is_regular_file(path, error)) return unknown_zone(name);
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMaxBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  auto zone = parse_tzif(bytes);
  if (!zone) return Failure(zone.error().add_context(path.string()));
  return zone;
}

Result<TimeZone> TimeZone::parse_tzif(std::string_view bytes) {
  if (bytes.size() > kMaxBytes) return malformed("it is too large");
  CICLO_TRY(const Header first, read_header(bytes));
  if (bytes[4] < '2') return malformed("it is of version 1, without 64-bit times");
  const std::size_t skip = kHeaderBytes + first.body_bytes(4);
  if (skip > bytes.size()) return malformed("it ends too early");
  bytes.remove_prefix(skip);
  CICLO_TRY(const Header header, read_header(bytes));
  const std::size_t end = kHeaderBytes + header.body_bytes(8);
  if (end > bytes.size()) return malformed("it ends too early");

  const std::size_t indices = kHeaderBytes + std::size_t{header.transitions} * 8;
  const std::size_t types = indices + header.transitions;
  const auto offset_of = [&](std::size_t type) {
    return seconds(static_cast<std::int32_t>(read_u32(bytes, types + type * 6)));
  };
  TimeZone zone;
  zone.first_offset_ = offset_of(0);
  for (std::size_t i = 0; i < header.transitions; ++i) {
    const auto type = static_cast<unsigned char>(bytes[indices + i]);
    const std::int64_t at = read_i64(bytes, kHeaderBytes + i * 8);
    // Some files begin with the Big Bang (−2^59); nothing is scheduled before the year 1.
    const sys_seconds from{seconds(std::clamp<std::int64_t>(at, -62'135'596'800, 253'402'300'799))};
    if (type >= header.types) return malformed("a transition has no type");
    if (!zone.transitions_.empty() && from < zone.transitions_.back().from) return malformed("times do not rise");
    const seconds offset = offset_of(type);
    if (offset < -hours(26) || offset > hours(26)) return malformed("an offset is out of range");
    zone.transitions_.push_back({from, offset});
  }
  if (zone.first_offset_ < -hours(26) || zone.first_offset_ > hours(26)) return malformed("an offset is out of range");
  std::string_view footer = bytes.substr(end);
  if (!footer.starts_with('\n')) return malformed("it has no footer");
  footer.remove_prefix(1);
  footer = footer.substr(0, footer.find('\n'));
  zone.has_rule_ = !footer.empty();
  if (zone.has_rule_) {
    CICLO_TRY(zone.rule_, parse_posix_rule(footer));
  }
  return zone;
}

seconds TimeZone::offset_at(sys_seconds time) const {
  const auto next = std::ranges::upper_bound(transitions_, time, {}, &Transition::from);
  if (next == transitions_.end() && has_rule_) return offset_by_rule(rule_, time);
  return next == transitions_.begin() ? first_offset_ : std::prev(next)->offset;
}

local_seconds TimeZone::to_local(sys_seconds time) const {
  return local_seconds(time.time_since_epoch() + offset_at(time));
}

sys_seconds TimeZone::to_utc(local_seconds wall) const {
  const sys_seconds plain{wall.time_since_epoch()};
  const seconds before = offset_at(plain - hours(26));
  const seconds after = offset_at(plain + hours(26));
  const sys_seconds early = plain - before;
  if (offset_at(early) == before) return early;
  const sys_seconds late = plain - after;
  if (offset_at(late) == after) return late;
  return early;  // skipped: counted on with the offset from before the gap
}

}  // namespace ciclo::monitoring
