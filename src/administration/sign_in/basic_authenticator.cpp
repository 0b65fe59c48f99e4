#include "administration/sign_in/basic_authenticator.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "administration/identity/identity.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;

constexpr std::size_t max_known = 10'000;
constexpr std::chrono::minutes remembered_for{5};

Caller caller_named(const std::string& principal) {
  return {.principal = principal, .only_workspace = {}, .token_id = std::string(basic_token_id), .request_id = {}};
}

std::string random_key() {
  std::string key(crypto_generichash_KEYBYTES, '\0');
  randombytes_buf(key.data(), key.size());
  return key;
}

Failure not_right() {
  return fail(ErrorCode::unauthenticated, "the name or the password is not right", {},
              "an account with one-time codes needs a token: ciclo user token create, MLFLOW_TRACKING_TOKEN");
}

}  // namespace

BasicAuthenticator::BasicAuthenticator(SignIn& sign_in) : sign_in_(sign_in), secret_(random_key()) {}

std::string BasicAuthenticator::key_of(const BasicCredentials& credentials) const {
  const std::string text = fmt::format("{}:{}{}", credentials.name.size(), credentials.name, credentials.password);
  std::string key(crypto_generichash_BYTES, '\0');
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  crypto_generichash(reinterpret_cast<unsigned char*>(key.data()), key.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     reinterpret_cast<const unsigned char*>(secret_.data()), secret_.size());
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  return key;
}

Result<std::optional<Caller>> BasicAuthenticator::authenticate(const http::Request& request) {
  CICLO_TRY(const auto credentials, basic_credentials_of(request.headers));
  if (!credentials || looks_like_token(credentials->password)) return std::nullopt;
  const std::string key = key_of(*credentials);
  CICLO_TRY(auto caller, remembered(key));
  if (caller) return caller;
  CICLO_TRY(Caller verified, verify_once(key, *credentials, request));
  return verified;
}

Result<std::optional<Caller>> BasicAuthenticator::remembered(const std::string& key) {
  // Read before the comparison: a change that comes in between makes the entry stale, not the comparison.
  const std::uint64_t revision = sign_in_.parts().identity.revision();
  Known known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    if (found == known_.end()) return std::nullopt;
    if (sign_in_.parts().service.parts().clock.now() >= found->second.until) {
      known_.erase(found);
      return std::nullopt;
    }
    known = found->second;
  }
  if (known.revision == revision) return caller_named(known.principal);
  CICLO_TRY(const auto hash, sign_in_.sufficient_password(known.principal));
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  if (hash && *hash == known.hash) {
    if (found != known_.end()) found->second.revision = revision;
    return caller_named(known.principal);
  }
  if (found != known_.end()) known_.erase(found);
  return std::nullopt;
}

Result<Caller> BasicAuthenticator::verify_once(const std::string& key, const BasicCredentials& credentials,
                                               const http::Request& request) {
  std::promise<Result<Caller>> promise;
  std::shared_future<Result<Caller>> other;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(key);
    if (found != running_.end()) other = found->second;
    else running_.emplace(key, promise.get_future().share());
  }
  if (other.valid()) return other.get();
  // Also when verify() throws: those who wait then hear of a broken promise.
  struct Ended {
    BasicAuthenticator& self;
    const std::string& key;
    ~Ended() {
      const std::lock_guard lock(self.mutex_);
      self.running_.erase(key);
    }
  } const ended{*this, key};
  auto caller = verify(key, credentials, request);
  promise.set_value(caller);
  return caller;
}

Result<Caller> BasicAuthenticator::verify(const std::string& key, const BasicCredentials& credentials,
                                          const http::Request& request) {
  const std::uint64_t revision = sign_in_.parts().identity.revision();
  CICLO_TRY(const auto before, sign_in_.sufficient_password(credentials.name));
  const auto answer = sign_in_.sign_in({.name = credentials.name,
                                        .password = credentials.password,
                                        .code = {},
                                        .new_password = {},
                                        .wants = Wants::nothing,
                                        .expires_at = std::nullopt,
                                        .remote_address = request.remote_address,
                                        .request_id = request.request_id});
  if (!answer) return answer.error().code == ErrorCode::unauthenticated ? not_right() : Failure(answer.error());
  if (answer->wait.count() > 0)
    return fail(ErrorCode::quota, "too many failed attempts to sign in", {},
                fmt::format("try again in {} s", std::chrono::ceil<std::chrono::seconds>(answer->wait).count()));
  CICLO_TRY(const auto hash, sign_in_.sufficient_password(answer->principal));
  if (!hash) return not_right();
  // Changed meanwhile: what was right is not to be remembered beside the new hash.
  if (hash != before) return caller_named(answer->principal);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= max_known) known_.clear();
  known_.insert_or_assign(key, Known{.principal = answer->principal,
                                     .hash = *hash,
                                     .until = sign_in_.parts().service.parts().clock.now() + remembered_for,
                                     .revision = revision});
  return caller_named(answer->principal);
}

}  // namespace ciclo::administration
