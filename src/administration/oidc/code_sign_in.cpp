#include "administration/oidc/code_sign_in.hpp"

#include <algorithm>

#include "administration/oidc/encoding.hpp"
#include "administration/oidc/sessions.hpp"
#include "administration/sign_in/cookies.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::chrono::minutes pending_life{10};
constexpr std::int64_t max_pending = 10'000;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t max_path = 2048;
constexpr std::size_t max_parameter = 4096;

std::string verifier_of(std::string_view secret) {
  return encode_base64url(sha256("ciclo pkce verifier " + std::string(secret)));
}
std::string nonce_of(std::string_view secret) {
  return encode_base64url(sha256("ciclo nonce " + std::string(secret)));
}

Failure not_ours() {
  return fail(ErrorCode::unauthenticated,
              "this sign-in was not begun in this browser, or it took longer than 10 minutes", {}, "start again");
}

std::string parameter_of(const http::Request& request, std::string_view name) {
  const auto value = request.query.find(name);
  return value && value->size() <= max_parameter ? std::string(*value) : std::string();
}

}  // namespace

bool is_local_path(std::string_view path) {
  if (path.empty() || path.size() > max_path || path.front() != '/' || path.starts_with("//")) return false;
  return std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
}

std::string CodeSignIn::cookie_name(std::string_view state) const {
  // One cookie for each sign-in, so that two tabs do not undo each other. A browser takes "__Host-" from this host
  // alone.
  return std::string(is_secure() ? "__Host-" : "") + "ciclo_sign_in_" + sha256_hex(state).substr(0, 16);
}

Result<void> CodeSignIn::remember(const std::string& state, const std::string& secret, std::string_view return_to) {
  const std::int64_t now = to_unix_ms(parts_.clock.now());
  return parts_.database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(session.execute("DELETE FROM oidc_pending WHERE expires_ms <= ?", {now}));
    // The oldest gives way: anybody can begin sign-ins, and none of them may fill the table.
    CICLO_TRY(const auto count, session.query_one("SELECT COUNT(*) FROM oidc_pending"));
    if (count && count->integer(0) >= max_pending)
      CICLO_CHECK(
          session.execute("DELETE FROM oidc_pending WHERE state_hash IN (SELECT state_hash FROM oidc_pending "
                          "ORDER BY expires_ms LIMIT 1)"));
    CICLO_CHECK(
        session.execute("INSERT INTO oidc_pending (state_hash, browser_hash, return_to, expires_ms) VALUES (?,?,?,?)",
                        {sha256_hex(state), sha256_hex(secret), return_to, now + Milliseconds(pending_life).count()}));
    return {};
  });
}

Result<CodeSignIn::Started> CodeSignIn::start(std::string_view return_to) {
  if (!is_local_path(return_to))
    return fail(ErrorCode::invalid, "the address to return to is not a path of this server", "return_to",
                "give a path such as /models");
  CICLO_TRY(const Metadata about, parts_.provider.metadata());
  const std::string state = random_hex(secret_bytes);
  const std::string secret = random_hex(secret_bytes);
  CICLO_CHECK(remember(state, secret, return_to));
  const std::string challenge = encode_base64url(sha256(verifier_of(secret)));
  const std::string nonce = nonce_of(secret);
  const std::string redirect = redirect_uri();
  const std::string query = form_of({{"response_type", "code"},
                                     {"client_id", settings_.client_id},
                                     {"redirect_uri", redirect},
                                     {"scope", settings_.scopes},
                                     {"state", state},
                                     {"nonce", nonce},
                                     {"code_challenge", challenge},
                                     {"code_challenge_method", "S256"}});
  const char joint = about.authorization_endpoint.find('?') == std::string::npos ? '?' : '&';
  return Started{.location = about.authorization_endpoint + joint + query,
                 .set_cookie = to_header({cookie_name(state), secret, pending_life, is_secure()})};
}

Result<std::string> CodeSignIn::take(std::string_view state, std::string_view secret) {
  return parts_.database.write([&](sql::Session& session) -> Result<std::string> {
    CICLO_TRY(const auto row,
              session.query_one("DELETE FROM oidc_pending WHERE state_hash = ? AND browser_hash = ? AND expires_ms > ? "
                                "RETURNING return_to",
                                {sha256_hex(state), sha256_hex(secret), to_unix_ms(parts_.clock.now())}));
    if (!row) return not_ours();
    return row->text(0);
  });
}

Result<CodeSignIn::Finished> CodeSignIn::finish(const http::Request& request) {
  const std::string state = parameter_of(request, "state");
  const auto cookie = administration::cookie_of(request.headers, cookie_name(state));
  if (state.empty() || !cookie) return not_ours();
  const std::string secret(*cookie);
  CICLO_TRY(std::string return_to, take(state, secret));
  // RFC 9207: an answer of another provider was mixed in.
  if (const auto issuer = request.query.find("iss"); issuer && *issuer != settings_.issuer) return not_ours();
  if (request.query.find("error"))
    return fail(ErrorCode::denied, "the identity provider did not let you in, or you turned back", {}, "start again");
  const std::string code = parameter_of(request, "code");
  if (code.empty()) return fail(ErrorCode::unauthenticated, "the identity provider gave no code", {}, "start again");
  CICLO_TRY(const ProviderTokens tokens,
            parts_.provider.exchange({.code = code, .verifier = verifier_of(secret), .redirect_uri = redirect_uri()}));
  CICLO_TRY(const SignedToken token, parse_token(tokens.id_token));
  CICLO_CHECK(parts_.provider.verify(token));
  TokenRules rules = settings_.rules();
  rules.clients = {settings_.client_id};
  CICLO_CHECK(check_id_token(token, rules, {.nonce = nonce_of(secret), .access_token = tokens.access_token},
                             parts_.clock.now()));
  CICLO_TRY(Identity identity, identity_of(token, settings_.claims));
  return Finished{.identity = std::move(identity),
                  .return_to = std::move(return_to),
                  .set_cookie = to_header({cookie_name(state), "", std::chrono::seconds(0), is_secure()})};
}

}  // namespace ciclo::administration::oidc
