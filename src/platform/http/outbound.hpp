// Where requests that users cause — webhooks, inputs at an http address — may go: to public addresses, and to what the
// administrator allowed. Guards against requests forged through the server (SSRF).
//
// The judgement is on addresses, not names: a client with this policy resolves the name, judges each address it gets,
// and connects to one that was let through. So neither a name that leads inside (localhost, a name of the attacker's,
// decimal or hexadecimal spellings) nor one that changes between two look-ups (DNS rebinding) gets past. A redirect is
// a request of its own and judged again.
//
// Sources: the special-purpose address registries of IANA (RFC 6890), with what maps or embeds IPv4: RFC 4291 (mapped,
// compatible), RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
//
// Thread safety: plain values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace ciclo::http {

// An IPv6 address; an IPv4 one in its mapped form (::ffff:a.b.c.d).
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  // Dotted decimal with four parts, or IPv6 without brackets and zone.
  static std::optional<IpAddress> parse(std::string_view text);
  bool is_v4() const;
  std::string text() const;
};

// What keeps an address from being public ("a loopback address"); empty for one that is.
std::string_view why_not_public(const IpAddress& address);

// The end of a connection that is about to be made.
struct OutboundTarget {
  std::string_view host;  // as the URL has it, without brackets
  IpAddress address;      // one of those that the name led to
  std::uint16_t port = 0;
};

class OutboundPolicy {
 public:
  // Lets through public addresses only.
  OutboundPolicy() = default;
  // Each entry is an address, a range or a host name, and with ":port" meant for that port alone: "10.1.0.0/16",
  // "192.168.1.7:8080", "fd00::/8", "[::1]:8080", "hooks.example.org". A name allows whatever it leads to. Fails with
  // invalid, naming the entry.
  static Result<OutboundPolicy> parse(const std::vector<std::string>& allowed);

  // Fails with denied, saying what the address is and what an administrator can do.
  Result<void> judge(const OutboundTarget& target) const;

 private:
  struct Rule {
    std::string host;  // empty: the range
    IpAddress range;
    int bits = 0;  // of the range's 128
    std::optional<std::uint16_t> port;
  };
  static Result<Rule> parse_rule(std::string_view entry);
  static bool matches(const Rule& rule, const OutboundTarget& target);

  std::vector<Rule> rules_;
};

}  // namespace ciclo::http
