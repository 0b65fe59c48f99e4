#include "scoring/guard.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"

namespace ciclo::scoring {
namespace {

std::string_view bearer_of(const http::Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto header = request.headers.find("authorization").value_or("");
  if (header.size() <= scheme.size() || !iequals(header.substr(0, scheme.size()), scheme)) return {};
  return trim(header.substr(scheme.size()));
}

bool is_known(const AuthSettings& auth, const std::string& sum, const Clock& clock) {
  bool known = false;
  // No early end: the time must not tell which one matched.
  for (const auto& key : auth.key_sha256) known |= equal_in_constant_time(key, sum);
  for (const auto& token : auth.tokens) {
    known |= equal_in_constant_time(token.sha256, sum) && (!token.expires_at || clock.now() < *token.expires_at);
  }
  return known;
}

}  // namespace

Result<void> ScorerGuard::admit(const http::Route& route, http::Request& request) {
  auto admitted = admit_secret(route, request);
  if (!admitted) endpoint_.callers().count_refused();
  return admitted;
}

Result<void> ScorerGuard::admit_secret(const http::Route& route, http::Request& request) {
  const auto snapshot = endpoint_.snapshot();
  const auto& auth = snapshot->settings.auth;
  const bool is_control = route.action == control_action;
  if (!is_control && !auth.required) return {};
  const auto secret = bearer_of(request);
  if (secret.empty()) {
    return fail(ErrorCode::unauthenticated, "this endpoint needs a key or a token", {},
                "send the header 'Authorization: Bearer <key or token>'");
  }
  if (!is_control && secret.starts_with(tokens::token_prefix)) return admit_token(auth, secret, request);
  const auto sum = sha256_hex(secret);
  const bool known = is_control ? !auth.control_sha256.empty() && equal_in_constant_time(auth.control_sha256, sum)
                                : is_known(auth, sum, endpoint_.clock());
  if (!known) return fail(ErrorCode::unauthenticated, "this key is not valid here");
  request.principal = is_control ? "control" : key_holder;
  if (!is_control) endpoint_.callers().count_key();
  return {};
}

Result<void> ScorerGuard::admit_token(const AuthSettings& auth, std::string_view token, http::Request& request) {
  if (!auth.signed_tokens || token.size() > tokens::longest_token)
    return fail(ErrorCode::unauthenticated, "this token is not valid here");
  const SignedTokenSettings& settings = *auth.signed_tokens;
  const auto sum = sha256_hex(token);
  auto known = known_tokens_.find(sum);
  const tokens::VerifyingKey* key = known ? settings.keys.find(known->claims.key_id) : nullptr;
  const bool is_new = key == nullptr || known->public_key != key->hex();
  if (is_new) {
    CICLO_TRY(auto claims, settings.keys.verify(token));
    key = settings.keys.find(claims.key_id);
    known = std::make_shared<const KnownToken>(KnownToken{key->hex(), std::move(claims), nullptr});
  }
  CICLO_CHECK(tokens::check_claims(known->claims, settings.audience, endpoint_.clock().now()));
  const auto ended = settings.ended.find(known->claims.principal);
  if (ended != settings.ended.end() && known->claims.issued_at <= ended->second) {
    return fail(ErrorCode::unauthenticated, "this token was ended: its holder lost the right to use the endpoint", {},
                "ask an owner of the endpoint's workspace");
  }
  if (is_new) {
    known = std::make_shared<const KnownToken>(
        KnownToken{known->public_key, known->claims, endpoint_.callers().counter_of(known->claims.principal)});
    known_tokens_.put(sum, known);
  }
  known->counter->fetch_add(1, std::memory_order_relaxed);
  request.principal = known->claims.principal;
  return {};
}

}  // namespace ciclo::scoring
