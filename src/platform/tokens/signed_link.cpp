#include "platform/tokens/signed_link.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace ciclo::tokens {
namespace {

constexpr std::string_view domain = "ciclo-link-1";

Failure refused() {
  return fail(ErrorCode::unauthenticated, "the link is not good for this request", {}, "ask for a new one");
}

// With its length in front, so that no two targets give the same text.
void append(std::string& text, std::string_view field) {
  text.append(std::to_string(field.size())).append(":").append(field);
}

}  // namespace

std::string LinkKey::code(const LinkTarget& target, std::string_view claims) const {
  std::string text;
  for (const std::string_view field : {domain, target.method, target.path, claims}) append(text, field);
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &size);  // NOLINT: bytes
  return {code.begin(), code.begin() + size};
}

std::string LinkKey::sign(const LinkTarget& target, const LinkClaims& claims) const {
  Json json{{"sub", claims.principal}, {"exp", to_unix_ms(claims.expires_at) / 1000}};
  if (!claims.on_behalf_of.empty()) json["for"] = claims.on_behalf_of;
  const std::string text = to_text(json);
  return encode_base64url(text) + "." + encode_base64url(code(target, text));
}

Result<LinkClaims> LinkKey::verify(const LinkTarget& target, std::string_view value, TimePoint now) const {
  const std::size_t dot = value.find('.');
  if (value.size() > longest_link || dot == std::string_view::npos) return refused();
  const auto text = decode_base64url(value.substr(0, dot));
  const auto given = decode_base64url(value.substr(dot + 1));
  if (!text || !given) return refused();
  const std::string wanted = code(target, *text);
  if (given->size() != wanted.size() || CRYPTO_memcmp(given->data(), wanted.data(), wanted.size()) != 0)
    return refused();
  const auto json = parse_json(*text);
  if (!json || !json->is_object() || !member(*json, "exp").is_number_integer()) return refused();
  LinkClaims claims{.principal = text_or(*json, "sub"),
                    .on_behalf_of = text_or(*json, "for"),
                    .expires_at = from_unix_ms(member(*json, "exp").get<std::int64_t>() * 1000)};
  if (claims.principal.empty()) return refused();
  if (claims.expires_at <= now) return fail(ErrorCode::unauthenticated, "the link is over", {}, "ask for a new one");
  return claims;
}

}  // namespace ciclo::tokens
