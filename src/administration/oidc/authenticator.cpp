#include "administration/oidc/authenticator.hpp"

#include "administration/guard.hpp"
#include "administration/oidc/encoding.hpp"
#include "base/digest.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::size_t max_known = 10'000;
constexpr std::chrono::minutes remembered_for{5};

}  // namespace

std::optional<resources::Caller> OidcAuthenticator::remembered(const std::string& hash, std::uint64_t revision) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end()) return std::nullopt;
  if (found->second.revision == revision && parts_.clock.now() < found->second.until) return found->second.caller;
  known_.erase(found);
  return std::nullopt;
}

void OidcAuthenticator::remember(const std::string& hash, Known known) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= max_known) known_.clear();
  known_.insert_or_assign(hash, std::move(known));
}

Result<std::optional<resources::Caller>> OidcAuthenticator::authenticate(const http::Request& request) {
  const auto secret = secret_of(request.headers);
  if (!secret || !*secret || !looks_like_signed_token(**secret)) return std::nullopt;
  const std::string hash = sha256(**secret);
  // Read before the checks: an end that comes in between makes the entry stale, not the check.
  const std::uint64_t revision = parts_.identity.revision() + epoch_;  // both only rise
  if (auto caller = remembered(hash, revision)) return caller;
  CICLO_TRY(const SignedToken token, parse_token(**secret));
  // Cheap checks first: nobody makes the server fetch keys with a token that would not do anyway.
  CICLO_CHECK(check_bearer(token, settings_.rules(), parts_.clock.now()));
  CICLO_CHECK(parts_.provider.verify(token));
  CICLO_TRY(const Identity identity, identity_of(token, settings_.claims));
  CICLO_TRY(const std::string principal, parts_.admit(identity));
  resources::Caller caller{
      .principal = principal, .only_workspace = {}, .token_id = identity.token_id, .request_id = {}};
  remember(hash, {.caller = caller,
                  .until = std::min(identity.expires_at, parts_.clock.now() + remembered_for),
                  .revision = revision});
  return caller;
}

}  // namespace ciclo::administration::oidc
