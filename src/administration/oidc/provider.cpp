#include "administration/oidc/provider.hpp"

#include <fmt/format.h>

#include "administration/oidc/encoding.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::chrono::minutes fresh_for{10};
constexpr std::chrono::hours usable_for{24};
constexpr std::chrono::seconds between_attempts{10};
constexpr std::chrono::seconds at_once{0};
constexpr std::chrono::seconds a_moment{2};

Error unavailable(std::string message) {
  return {ErrorCode::unavailable, std::move(message), {}, "try again in a moment; the server's log says more", {}};
}

}  // namespace

http::ClientSettings client_settings(const Settings& settings) {
  http::ClientSettings client;
  client.connect_timeout = std::chrono::seconds(3);
  client.timeout = std::chrono::seconds(5);
  client.max_response_bytes = 512U << 10U;
  client.certificate_authority_file = settings.authority_file;
  client.default_headers.set("accept", "application/json");
  return client;
}

Provider::Snapshot Provider::kept() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

Result<std::string> Provider::get(const std::string& url) const {
  CICLO_TRY(auto response, parts_.send({.method = http::Method::get, .url = url}));
  if (response.status != 200)
    return fail(ErrorCode::unavailable, fmt::format("{} answered with status {}", url, response.status));
  return std::move(response.body);
}

Result<Provider::Known> Provider::fetch() const {
  Known known;
  CICLO_TRY(const std::string description, get(metadata_url(settings_.issuer)));
  CICLO_TRY(known.metadata, parse_metadata(description, settings_.issuer));
  CICLO_TRY(const std::string keys, get(known.metadata.jwks_uri));
  CICLO_TRY(known.keys, KeySet::parse(keys));
  known.fetched_at = parts_.clock.now();
  return known;
}

Result<Provider::Snapshot> Provider::refresh(const Snapshot& seen, std::chrono::seconds patience) {
  const std::unique_lock turn(fetching_, patience);
  if (!turn) return Failure(unavailable("the identity provider is slow to answer"));
  if (Snapshot now = kept(); now != seen) return now;  // somebody else fetched while this thread waited
  const TimePoint now = parts_.clock.now();
  if (!attempted_at_ || now >= *attempted_at_ + between_attempts || now < *attempted_at_) {
    attempted_at_ = now;
    auto fetched = fetch();
    if (fetched) {
      auto known = std::make_shared<const Known>(*std::move(fetched));
      const std::lock_guard lock(mutex_);
      return known_ = known;
    }
    last_error_ = fetched.error();
    parts_.logger.warning("openid-connect", "the identity provider's keys could not be fetched",
                          {{"issuer", settings_.issuer}, {"error", last_error_.text()}});
  }
  if (seen) return seen;
  return Failure(unavailable("the identity provider cannot be used now: " + last_error_.message));
}

Result<Provider::Snapshot> Provider::current() {
  Snapshot known = kept();
  if (!known) return refresh(known, a_moment);
  const auto age = parts_.clock.now() - known->fetched_at;
  if (age >= fresh_for) {
    // Whoever comes while another fetches goes on with what is kept.
    if (auto newer = refresh(known, at_once)) known = *std::move(newer);
  }
  if (parts_.clock.now() - known->fetched_at >= usable_for)
    return Failure(unavailable("the identity provider has not been reached for a day"));
  return known;
}

Result<Metadata> Provider::metadata() {
  CICLO_TRY(const Snapshot known, current());
  return known->metadata;
}

Result<void> Provider::verify(const SignedToken& token) {
  CICLO_TRY(Snapshot known, current());
  const JsonWebKey* key = known->keys.find(token.key_id, token.algorithm);
  if (key == nullptr) {
    CICLO_TRY(known, refresh(known, a_moment));
    key = known->keys.find(token.key_id, token.algorithm);
  }
  if (key == nullptr)
    return fail(ErrorCode::unauthenticated, "the token is signed with a key that the identity provider does not list",
                {}, "sign in again");
  return verify_signature(token, *key);
}

Result<ProviderTokens> Provider::exchange(const CodeRequest& request) {
  CICLO_TRY(const Metadata about, metadata());
  std::vector<std::pair<std::string_view, std::string_view>> fields = {{"grant_type", "authorization_code"},
                                                                       {"code", request.code},
                                                                       {"redirect_uri", request.redirect_uri},
                                                                       {"code_verifier", request.verifier}};
  http::ClientRequest post{.method = http::Method::post, .url = about.token_endpoint};
  post.headers.set("content-type", "application/x-www-form-urlencoded");
  if (!settings_.client_secret.empty() && about.takes_secret_in_header) {
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const std::string pair =
        http::percent_encode(settings_.client_id) + ":" + http::percent_encode(settings_.client_secret);
    post.headers.set("authorization", "Basic " + encode_base64(pair));
  } else {
    fields.emplace_back("client_id", settings_.client_id);
    if (!settings_.client_secret.empty()) fields.emplace_back("client_secret", settings_.client_secret);
  }
  post.body = form_of(fields);
  CICLO_TRY(const auto response, parts_.send(post));
  const auto body = parse_json(response.body, {.max_bytes = 256U << 10U, .max_depth = 16});
  if (response.status >= 500 || !body)
    return Failure(unavailable(fmt::format("the identity provider answered with status {}", response.status)));
  if (response.status != 200) {
    // "error" is one of RFC 6749's words; the description may hold anything and stays out.
    parts_.logger.warning("openid-connect", "the identity provider refused a sign-in code",
                          {{"status", response.status}, {"reason", text_or(*body, "error").substr(0, 64)}});
    return fail(ErrorCode::unauthenticated, "the identity provider refused this sign-in", {}, "start again");
  }
  ProviderTokens tokens{.id_token = text_or(*body, "id_token"), .access_token = text_or(*body, "access_token")};
  if (tokens.id_token.empty())
    return fail(ErrorCode::unauthenticated, "the identity provider gave no ID token", {},
                "let --oidc-scopes hold openid");
  return tokens;
}

}  // namespace ciclo::administration::oidc
