#include "administration/oidc/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "administration/oidc/encoding.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::chrono::seconds skew{60};
constexpr std::size_t max_subject = 255;
constexpr std::size_t max_groups = 1000;
constexpr std::size_t max_group_length = 256;

Failure refused(std::string message, std::string hint = "sign in again") {
  return fail(ErrorCode::unauthenticated, std::move(message), {}, std::move(hint));
}

// Seconds since 1970; nothing when it is missing or no sane number.
std::optional<TimePoint> time_claim(const Json& claims, std::string_view name) {
  const Json& value = member(claims, name);
  if (!value.is_number()) return std::nullopt;
  const double seconds = value.get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return std::nullopt;
  return from_unix_ms(static_cast<std::int64_t>(seconds) * 1000);
}

std::vector<std::string> texts_of(const Json& value) {
  std::vector<std::string> out;
  if (value.is_string()) out.push_back(value.get<std::string>());
  if (value.is_array())
    for (const Json& item : value)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

bool holds(const std::vector<std::string>& list, const std::string& item) {
  return !item.empty() && std::ranges::find(list, item) != list.end();
}

Result<void> check_times(const Json& claims, TimePoint now) {
  const auto expires = time_claim(claims, "exp");
  if (!expires) return refused("the token does not say when it expires");
  if (*expires + skew <= now) return refused("the token has expired");
  const auto issued = time_claim(claims, "iat");
  if (!issued) return refused("the token does not say when it was issued");
  if (*issued > now + skew) return refused("the token was issued in the future", "check the clocks of both servers");
  if (!claims.contains("nbf")) return {};
  const auto begins = time_claim(claims, "nbf");
  if (!begins || *begins > now + skew) return refused("the token is not valid yet", "check the clocks of both servers");
  return {};
}

Result<void> check_common(const SignedToken& token, const TokenRules& rules, TimePoint now) {
  if (text_or(token.claims, "iss") != rules.issuer)
    return refused("the token is of another issuer", fmt::format("sign in at {}", rules.issuer));
  if (!token.type.empty() && token.type != "jwt" && token.type != "at+jwt")
    return refused("the token is of a kind that is not for signing in");
  // RFC 7800: bound to a key of its holder, which a plain bearer has not shown.
  if (token.claims.contains("cnf")) return refused("the token is bound to a key of its holder, which is not supported");
  return check_times(token.claims, now);
}

// Keycloak tells its tokens apart by a claim of this name.
bool is_marked(const Json& claims, std::string_view kind) {
  return iequals(text_or(claims, "typ"), kind);
}

Result<void> check_for_client(const SignedToken& token, const TokenRules& rules) {
  if (token.type == "at+jwt" || is_marked(token.claims, "bearer"))
    return refused("this is an access token, not an ID token");
  const auto audiences = texts_of(member(token.claims, "aud"));
  const bool is_for_us =
      std::ranges::any_of(rules.clients, [&](const auto& client) { return holds(audiences, client); });
  if (!is_for_us) return refused("the token is meant for another client");
  const Json& party = member(token.claims, "azp");
  if (party.is_null() && audiences.size() > 1) return refused("the token has several audiences and names no client");
  if (!party.is_null() && !(party.is_string() && holds(rules.clients, party.get<std::string>())))
    return refused("the token was issued to another client");
  return {};
}

bool is_for_audience(const SignedToken& token, const TokenRules& rules) {
  return holds(texts_of(member(token.claims, "aud")), rules.audience) && !is_marked(token.claims, "id") &&
         !is_marked(token.claims, "refresh") && !is_marked(token.claims, "logout");
}

// A name for audit that does not give the token away.
std::string token_id_of(const SignedToken& token) {
  std::string id = text_or(token.claims, "jti");
  if (id.empty() || id.size() > 64 || has_control_character(id)) id = sha256_hex(token.text).substr(0, 16);
  return "oidc:" + id;
}

std::string first_text(const Json& claims, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (std::string text = text_or(claims, name); !text.empty()) return text;
  return {};
}

}  // namespace

Result<void> check_id_token(const SignedToken& token, const TokenRules& rules, const Expected& expected,
                            TimePoint now) {
  CICLO_CHECK(check_common(token, rules, now));
  CICLO_CHECK(check_for_client(token, rules));
  if (expected.nonce && !equal_in_constant_time(text_or(token.claims, "nonce"), *expected.nonce))
    return refused("the token does not belong to this sign-in");
  if (const Json& hash = member(token.claims, "at_hash"); !expected.access_token.empty() && !hash.is_null()) {
    if (hash != at_hash_of(expected.access_token, token.algorithm))
      return refused("the ID token and the access token do not belong together");
  }
  return {};
}

Result<void> check_bearer(const SignedToken& token, const TokenRules& rules, TimePoint now) {
  CICLO_CHECK(check_common(token, rules, now));
  if (is_for_audience(token, rules)) return {};
  return check_for_client(token, rules);
}

Result<Identity> identity_of(const SignedToken& token, const ClaimNames& names) {
  const Json& claims = token.claims;
  Identity identity{.issuer = text_or(claims, "iss"),
                    .subject = text_or(claims, "sub"),
                    .name = first_text(claims, {names.name, "email", "sub"}),
                    .display_name = text_or(claims, "name"),
                    .groups = std::nullopt,
                    .token_id = token_id_of(token),
                    .issued_at = time_claim(claims, "iat").value_or(TimePoint()),
                    .expires_at = time_claim(claims, "exp").value_or(TimePoint())};
  if (identity.subject.empty() || identity.subject.size() > max_subject || has_control_character(identity.subject))
    return refused("the token does not say whom it is about");
  const Json& groups = names.groups.starts_with('/') ? at_pointer(claims, names.groups) : member(claims, names.groups);
  if (groups.is_array() || groups.is_string()) {
    if (groups.is_array() && groups.size() > max_groups)
      return refused(fmt::format("the token names more than {} groups", max_groups),
                     "let the provider put only the groups of this application into the token");
    auto list = texts_of(groups);
    std::erase_if(list, [](const std::string& group) {
      return group.empty() || group.size() > max_group_length || has_control_character(group);
    });
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    identity.groups = std::move(list);
  } else {
    identity.groups_are_elsewhere = member(member(claims, "_claim_names"), names.groups).is_string();
  }
  return identity;
}

}  // namespace ciclo::administration::oidc
