// Addresses that open one door once known: a request by one method to one path, until a time, as the principal that
// asked for the address. For clients that are told where to send a file and bring no credential of their own.
//
//   <path>?ciclo-link=<base64url of the claims>.<base64url of the HMAC-SHA256>
//
// The claims are JSON with the names of RFC 7519 (sub, exp in seconds) and `for` (whom the principal acts for). The
// code covers the method, the path and the claims, so a link is good for nothing else. It is a credential while it
// lasts: never log a query. What its principal may do is judged anew when it is used.
//
// Thread safety: a LinkKey is immutable; every function may be called from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo::tokens {

inline constexpr std::string_view link_parameter = "ciclo-link";
inline constexpr std::size_t longest_link = 2048;  // characters of the parameter's value

struct LinkClaims {
  std::string principal;     // sub
  std::string on_behalf_of;  // for
  TimePoint expires_at;      // exp; cut to seconds
};

// What a link is for. `path`: percent-decoded, without the query.
struct LinkTarget {
  std::string_view method;
  std::string_view path;
};

class LinkKey {
 public:
  // 32 bytes of good randomness, or derived from such.
  explicit LinkKey(std::string secret) : secret_(std::move(secret)) {}
  // The value of the parameter.
  std::string sign(const LinkTarget& target, const LinkClaims& claims) const;
  // Fails with unauthenticated: for another method or path, changed, or over.
  Result<LinkClaims> verify(const LinkTarget& target, std::string_view value, TimePoint now) const;

 private:
  std::string code(const LinkTarget& target, std::string_view claims) const;
  std::string secret_;
};

}  // namespace ciclo::tokens
