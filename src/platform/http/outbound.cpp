#include "platform/http/outbound.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr int v4_offset = 96;  // bits before the IPv4 address in the mapped form

struct Range {
  std::array<std::uint8_t, 16> start;
  int bits;
  std::string_view what;
};

constexpr Range v4(std::array<std::uint8_t, 4> start, int bits, std::string_view what) {
  return {.start = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, start[0], start[1], start[2], start[3]},
          .bits = v4_offset + bits,
          .what = what};
}

constexpr std::array special_v4{
    v4({0, 0, 0, 0}, 8, "an unspecified address"),
    v4({10, 0, 0, 0}, 8, "a private address"),
    v4({100, 64, 0, 0}, 10, "an address behind a carrier's translation"),
    v4({127, 0, 0, 0}, 8, "a loopback address"),
    v4({169, 254, 0, 0}, 16, "a link-local address"),  // with the metadata services of clouds
    v4({172, 16, 0, 0}, 12, "a private address"),
    v4({192, 0, 0, 0}, 24, "a reserved address"),
    v4({192, 0, 2, 0}, 24, "an address for documentation"),
    v4({192, 88, 99, 0}, 24, "a reserved address"),
    v4({192, 168, 0, 0}, 16, "a private address"),
    v4({198, 18, 0, 0}, 15, "an address for benchmarks"),
    v4({198, 51, 100, 0}, 24, "an address for documentation"),
    v4({203, 0, 113, 0}, 24, "an address for documentation"),
    v4({224, 0, 0, 0}, 4, "a multicast address"),
    v4({240, 0, 0, 0}, 4, "a reserved address"),
};

// Within 2000::/3, which is all that is public; 6to4 is judged by what it embeds.
constexpr std::array special_v6{
    Range{{0x20, 0x01, 0x00, 0x00}, 32, "a Teredo address"},
    Range{{0x20, 0x01}, 23, "a reserved address"},  // protocol assignments: ORCHID, benchmarks and others
    Range{{0x20, 0x01, 0x0d, 0xb8}, 32, "an address for documentation"},
    Range{{0x3f, 0xff}, 20, "an address for documentation"},
};

constexpr std::array not_global_v6{
    Range{{0xfc}, 7, "a private address"},
    Range{{0xfe, 0x80}, 10, "a link-local address"},
    Range{{0xfe, 0xc0}, 10, "a private address"},
    Range{{0xff}, 8, "a multicast address"},
};

bool is_within(const IpAddress& address, const std::array<std::uint8_t, 16>& start, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin()))
    return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (address.bytes[whole] & mask) == (start[whole] & mask);
}

template <std::size_t Size>
std::string_view find_in(const std::array<Range, Size>& ranges, const IpAddress& address) {
  for (const Range& range : ranges)
    if (is_within(address, range.start, range.bits)) return range.what;
  return {};
}

// The IPv4 address in the four bytes from `offset` on.
IpAddress embedded(const IpAddress& address, std::size_t offset) {
  IpAddress out{.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(offset), 4, out.bytes.begin() + 12);
  return out;
}

std::string_view why_not_public_v6(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 16> zeros{};
  static constexpr std::array<std::uint8_t, 16> nat64{0x00, 0x64, 0xff, 0x9b};
  if (is_within(address, zeros, 96)) {
    const bool is_loopback = is_within(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128);
    return is_loopback                      ? "a loopback address"
           : is_within(address, zeros, 128) ? "an unspecified address"
                                            : "a reserved address";
  }
  if (is_within(address, nat64, 96)) return why_not_public(embedded(address, 12));
  if (is_within(address, {0x20, 0x02}, 16)) return why_not_public(embedded(address, 2));
  if (const std::string_view what = find_in(not_global_v6, address); !what.empty()) return what;
  if (!is_within(address, {0x20}, 3)) return "a reserved address";
  return find_in(special_v6, address);
}

Failure not_a_rule(std::string_view entry) {
  return fail(ErrorCode::invalid, "'" + std::string(entry.substr(0, 100)) + "' is no address, range or host name", {},
              "give one such as 10.1.0.0/16, 192.168.1.7:8080, [fd00::7]:8080 or hooks.example.org");
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = text.empty() || text.front() == '+' ? std::nullopt : parse_int(text);
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t longest = 253;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_good = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  // Without a letter it would be an address that is misspelt.
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, is_good) &&
         std::ranges::any_of(text, is_letter) && text.front() != '.' && text.find("..") == std::string_view::npos;
}

std::string_view without_final_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// "host:port", brackets around IPv6.
std::string with_port(std::string_view host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return (is_v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  constexpr std::size_t longest = 45;
  if (text.empty() || text.size() > longest || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data() + 12) == 1) return address;
  return std::nullopt;
}

bool IpAddress::is_v4() const {
  return is_within(*this, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, v4_offset);
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (is_v4()) inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
  else inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return out.data();
}

std::string_view why_not_public(const IpAddress& address) {
  return address.is_v4() ? find_in(special_v4, address) : why_not_public_v6(address);
}

Result<OutboundPolicy::Rule> OutboundPolicy::parse_rule(std::string_view entry) {
  Rule rule;
  std::string_view place = trim(entry);
  const std::size_t colon = place.rfind(':');
  const bool is_bracketed = place.starts_with('[');
  // Without brackets a single colon divides host and port; more of them are an IPv6 address.
  if (colon != std::string_view::npos && (is_bracketed ? place[colon - 1] == ']' : place.find(':') == colon)) {
    rule.port = parse_port(place.substr(colon + 1));
    if (!rule.port) return not_a_rule(entry);
    place = place.substr(0, colon);
  }
  if (is_bracketed) {
    if (!place.ends_with(']')) return not_a_rule(entry);
    place = place.substr(1, place.size() - 2);
  }
  const std::size_t slash = place.find('/');
  const auto address = IpAddress::parse(place.substr(0, slash));
  if (!address) {
    if (is_bracketed || slash != std::string_view::npos || !is_host_name(place)) return not_a_rule(entry);
    rule.host = to_lower(without_final_dot(place));
    return rule;
  }
  rule.range = *address;
  const int offset = address->is_v4() ? v4_offset : 0;
  rule.bits = 128;
  if (slash != std::string_view::npos) {
    const auto bits = parse_int(place.substr(slash + 1));
    if (!bits || *bits < 0 || *bits > 128 - offset) return not_a_rule(entry);
    rule.bits = static_cast<int>(*bits) + offset;
  }
  return rule;
}

Result<OutboundPolicy> OutboundPolicy::parse(const std::vector<std::string>& allowed) {
  OutboundPolicy policy;
  for (const std::string& entry : allowed) {
    CICLO_TRY(Rule rule, parse_rule(entry));
    policy.rules_.push_back(std::move(rule));
  }
  return policy;
}

bool OutboundPolicy::matches(const Rule& rule, const OutboundTarget& target) {
  if (rule.port && *rule.port != target.port) return false;
  if (!rule.host.empty()) return iequals(rule.host, without_final_dot(target.host));
  // "::/0" means IPv6; that IPv4 is written within it is a matter of this file only.
  return rule.range.is_v4() == target.address.is_v4() && is_within(target.address, rule.range.bytes, rule.bits);
}

Result<void> OutboundPolicy::judge(const OutboundTarget& target) const {
  const std::string_view what = why_not_public(target.address);
  if (what.empty()) return {};
  if (std::ranges::any_of(rules_, [&](const Rule& rule) { return matches(rule, target); })) return {};
  const std::string address = target.address.text();
  const std::string leads = target.host == address ? " is " : " leads to " + address + ", ";
  return fail(
      ErrorCode::denied,
      std::string(target.host) + leads + std::string(what) + ", where this server sends no requests for users", {},
      "an administrator can allow it: start the server with --allow-outbound " + with_port(address, target.port));
}

}  // namespace ciclo::http
