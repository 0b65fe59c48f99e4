#include "platform/tokens/signed_token.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"

namespace ciclo::tokens {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t key_id_length = 16;
constexpr std::size_t longest_audience = 128;
constexpr int claims_depth = 2;
// 9999-12-31: a claim beyond is a mistake, and arithmetic on it must not overflow.
constexpr std::int64_t latest_ms = 253'402'300'799'999;

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using RawKey = std::array<unsigned char, key_bytes>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<RawKey> raw_key(std::string_view hex) {
  RawKey raw{};
  bool is_good = hex.size() == 2 * key_bytes;
  for (std::size_t i = 0; is_good && i < key_bytes; ++i) {
    const int high = digit_of(hex[2 * i]);
    const int low = digit_of(hex[2 * i + 1]);
    is_good = high >= 0 && low >= 0;
    raw[i] = static_cast<unsigned char>(high * 16 + low);
  }
  if (!is_good) return fail(ErrorCode::invalid, "a key is written as 64 lower-case hexadecimal digits");
  return raw;
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

Failure not_valid() {
  return fail(ErrorCode::unauthenticated, "this token is not valid here");
}

std::optional<TimePoint> time_of(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  const auto ms = value.get<std::int64_t>();
  if (ms < 0 || ms > latest_ms) return std::nullopt;
  return from_unix_ms(ms);
}

// Empty when the text has none.
std::string_view key_id_of(std::string_view token) {
  constexpr std::size_t end = token_prefix.size() + key_id_length;
  if (token.size() <= end || !token.starts_with(token_prefix) || token[end] != '.') return {};
  return token.substr(token_prefix.size(), key_id_length);
}

Result<TokenClaims> read_claims(std::string_view text) {
  const auto json = parse_json(text, {.max_bytes = longest_token, .max_depth = claims_depth});
  if (!json) return not_valid();
  TokenClaims claims{.audience = text_or(*json, "aud"),
                     .principal = text_or(*json, "sub"),
                     .token_id = text_or(*json, "jti"),
                     .key_id = {},
                     .issued_at = {},
                     .expires_at = {}};
  const auto issued = time_of(member(*json, "nbf"));
  const auto expires = time_of(member(*json, "exp"));
  const bool is_whole = !claims.audience.empty() && !claims.principal.empty() && !claims.token_id.empty() && issued &&
                        expires && *issued < *expires && claims.principal.size() <= longest_principal;
  if (!is_whole) return not_valid();
  claims.issued_at = *issued;
  claims.expires_at = *expires;
  return claims;
}

}  // namespace

Result<VerifyingKey> VerifyingKey::from_hex(std::string_view public_key) {
  CICLO_TRY(const RawKey raw, raw_key(public_key));
  VerifyingKey made;
  made.key_ = owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (!made.key_) return fail(ErrorCode::invalid, "this is no Ed25519 public key");
  made.hex_ = public_key;
  return made;
}

Result<TokenClaims> VerifyingKey::verify(std::string_view token) const {
  if (token.size() > longest_token || !token.starts_with(token_prefix)) return not_valid();
  const std::size_t dot = token.rfind('.');
  if (dot == std::string_view::npos) return not_valid();
  const auto signature = decode_base64url(token.substr(dot + 1));
  if (!signature || signature->size() != signature_bytes) return not_valid();
  const std::string_view signed_text = token.substr(0, dot);
  if (key_id_of(token) != key_id()) return not_valid();
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool is_ours = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                       EVP_DigestVerify(context.get(), bytes_of(*signature), signature->size(), bytes_of(signed_text),
                                        signed_text.size()) == 1;
  if (!is_ours) return not_valid();
  const auto text = decode_base64url(signed_text.substr(token_prefix.size() + key_id_length + 1));
  if (!text) return not_valid();
  CICLO_TRY(auto claims, read_claims(*text));
  claims.key_id = key_id();
  return claims;
}

std::string_view VerifyingKey::key_id() const {
  return std::string_view(hex_).substr(0, key_id_length);
}

const VerifyingKey* VerifyingKeys::find(std::string_view key_id) const {
  const auto found = std::ranges::find(keys_, key_id, &VerifyingKey::key_id);
  return found == keys_.end() ? nullptr : &*found;
}

Result<TokenClaims> VerifyingKeys::verify(std::string_view token) const {
  const VerifyingKey* key = find(key_id_of(token));
  if (key == nullptr) return not_valid();
  return key->verify(token);
}

Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  CICLO_TRY(const RawKey raw, raw_key(seed));
  SigningKey made;
  made.key_ = owned(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  RawKey public_key{};
  std::size_t size = public_key.size();
  if (!made.key_ || EVP_PKEY_get_raw_public_key(made.key_.get(), public_key.data(), &size) != 1)
    return fail(ErrorCode::internal, "OpenSSL offers no Ed25519");
  for (const unsigned char byte : public_key) made.public_key_ += fmt::format("{:02x}", byte);
  return made;
}

std::string SigningKey::key_id() const {
  return public_key_.substr(0, key_id_length);
}

Result<std::string> SigningKey::sign(TokenClaims claims) const {
  if (claims.principal.empty() || claims.principal.size() > longest_principal || !is_utf8(claims.principal) ||
      claims.audience.size() > longest_audience)
    return fail(ErrorCode::invalid,
                fmt::format("a token's holder has a name of 1 to {} bytes of UTF-8", longest_principal));
  const Json json = {{"aud", claims.audience},
                     {"sub", claims.principal},
                     {"jti", claims.token_id},
                     {"nbf", to_unix_ms(claims.issued_at)},
                     {"exp", to_unix_ms(claims.expires_at)}};
  std::string token = fmt::format("{}{}.{}", token_prefix, key_id(), encode_base64url(to_text(json)));
  std::string signature(signature_bytes, '\0');
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool is_signed = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                         // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes unsigned bytes
                         EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                        bytes_of(token), token.size()) == 1;
  if (!is_signed) return fail(ErrorCode::internal, "the token cannot be signed");
  token += "." + encode_base64url(signature);
  if (token.size() > longest_token) return fail(ErrorCode::invalid, "the holder's name is too long for a token");
  return token;
}

Result<void> check_claims(const TokenClaims& claims, std::string_view audience, TimePoint now) {
  if (claims.audience != audience)
    return fail(ErrorCode::unauthenticated, "this token is for another endpoint", {},
                "get one for this endpoint: ciclo online-endpoint get-credentials --token");
  if (now >= claims.expires_at)
    return fail(ErrorCode::unauthenticated, fmt::format("this token ended at {}", format_rfc3339(claims.expires_at)),
                {}, "get a new one: ciclo online-endpoint get-credentials --token");
  if (now + clock_leeway < claims.issued_at)
    return fail(ErrorCode::unauthenticated,
                fmt::format("this token is good from {} on", format_rfc3339(claims.issued_at)), {},
                "is the clock of this machine right?");
  return {};
}

}  // namespace ciclo::tokens
