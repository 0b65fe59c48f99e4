#include "administration/oidc/token.hpp"

#include <cjose/jws.h>
#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <memory>

#include "administration/oidc/encoding.hpp"
#include "base/text.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::size_t max_token_bytes = 16U << 10U;
constexpr JsonLimits part_limits{.max_bytes = max_token_bytes, .max_depth = 16};

struct Release {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
  void operator()(cjose_jwk_t* jwk) const { cjose_jwk_release(jwk); }
};

Failure not_valid(std::string message) {
  return fail(ErrorCode::unauthenticated, std::move(message), {}, "sign in again");
}

Result<Json> read_part(std::string_view encoded, std::string_view what) {
  const auto text = decode_base64url(encoded);
  if (!text) return not_valid(fmt::format("the token's {} is not base64url", what));
  auto json = parse_json(*text, part_limits);
  if (!json || !json->is_object()) return not_valid(fmt::format("the token's {} is not a JSON object", what));
  return *std::move(json);
}

bool is_base64url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

bool looks_like_signed_token(std::string_view text) {
  return !text.starts_with('.') && std::ranges::count(text, '.') == 2 &&
         std::ranges::all_of(text, [](char c) { return c == '.' || is_base64url(c); });
}

Result<SignedToken> parse_token(std::string_view text) {
  if (text.size() > max_token_bytes) return not_valid("the token is longer than 16 KiB");
  if (!looks_like_signed_token(text)) return not_valid("this is not a signed token");
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first + 1);
  CICLO_TRY(const Json header, read_part(text.substr(0, first), "header"));
  SignedToken token{.text = std::string(text),
                    .algorithm = text_or(header, "alg"),
                    .key_id = text_or(header, "kid"),
                    .type = to_lower(text_or(header, "typ")),
                    .claims = {}};
  if (!is_allowed_algorithm(token.algorithm))
    return not_valid("the token's signature algorithm is not allowed: RS256, PS256, ES256 and their stronger kin are");
  // RFC 7515 §4.1.11: what a token calls critical must be understood, and nothing of it is here.
  if (header.contains("crit")) return not_valid("the token asks for an extension that is not supported");
  if (token.type.starts_with("application/")) token.type.erase(0, std::string_view("application/").size());
  CICLO_TRY(token.claims, read_part(text.substr(first + 1, second - first - 1), "body"));
  return token;
}

Result<void> verify_signature(const SignedToken& token, const JsonWebKey& key) {
  if (!key.fits(token.algorithm)) return not_valid("the token's algorithm does not fit the provider's key");
  // A key object of its own for each check: libcjose's are not safe to share between threads.
  cjose_err problem{};
  const std::unique_ptr<cjose_jwk_t, Release> jwk(cjose_jwk_import(key.text.data(), key.text.size(), &problem));
  if (!jwk) return not_valid("the provider's key cannot be used");
  const std::unique_ptr<cjose_jws_t, Release> jws(cjose_jws_import(token.text.data(), token.text.size(), &problem));
  bool good = false;
  if (jws) {
    // The library reads the header by its own parser: what it goes by must be what was judged above.
    const char* algorithm = cjose_header_get(cjose_jws_get_protected(jws.get()), "alg", &problem);
    good = algorithm != nullptr && token.algorithm == algorithm && cjose_jws_verify(jws.get(), jwk.get(), &problem);
  }
  ERR_clear_error();  // a refused signature leaves entries that the next TLS call of this thread would trip over
  if (!good) return not_valid("the token's signature is not the provider's");
  return {};
}

}  // namespace ciclo::administration::oidc
