#include "administration/oidc/key_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "administration/oidc/encoding.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr JsonLimits document_limits{.max_bytes = 256U << 10U, .max_depth = 16};
constexpr std::size_t max_keys = 100;
constexpr std::size_t min_rsa_bits = 2048;
constexpr std::size_t max_rsa_bits = 16384;
constexpr std::size_t max_exponent_bytes = 8;

std::size_t bits_of(std::string_view big_endian) {
  while (!big_endian.empty() && big_endian.front() == '\0') big_endian.remove_prefix(1);
  if (big_endian.empty()) return 0;
  return (big_endian.size() - 1) * 8 +
         static_cast<std::size_t>(std::bit_width(static_cast<unsigned char>(big_endian.front())));
}

// An odd exponent above 1: others are no RSA key, and 1 would let everything pass.
bool is_good_exponent(std::string_view big_endian) {
  return big_endian.size() <= max_exponent_bytes && bits_of(big_endian) > 1 &&
         (static_cast<unsigned char>(big_endian.back()) & 1U) == 1U;
}

bool may_check_signatures(const Json& key) {
  if (const Json& use = member(key, "use"); !use.is_null() && use != "sig") return false;
  const Json& operations = member(key, "key_ops");
  return operations.is_null() ||
         (operations.is_array() && std::ranges::find(operations, Json("verify")) != operations.end());
}

std::optional<JsonWebKey> rsa_key(const Json& key) {
  const auto modulus = decode_base64url(text_or(key, "n"));
  const auto exponent = decode_base64url(text_or(key, "e"));
  if (!modulus || !exponent || !is_good_exponent(*exponent)) return std::nullopt;
  if (bits_of(*modulus) < min_rsa_bits || bits_of(*modulus) > max_rsa_bits) return std::nullopt;
  const Json open = {{"kty", "RSA"}, {"n", text_or(key, "n")}, {"e", text_or(key, "e")}};
  return JsonWebKey{.id = {}, .type = "RSA", .curve = {}, .algorithm = {}, .text = to_text(open)};
}

std::optional<JsonWebKey> elliptic_key(const Json& key) {
  const std::string curve = text_or(key, "crv");
  const std::size_t size = curve == "P-256" ? 32 : curve == "P-384" ? 48 : 0;
  const auto x = decode_base64url(text_or(key, "x"));
  const auto y = decode_base64url(text_or(key, "y"));
  if (size == 0 || !x || !y || x->size() != size || y->size() != size) return std::nullopt;
  const Json open = {{"kty", "EC"}, {"crv", curve}, {"x", text_or(key, "x")}, {"y", text_or(key, "y")}};
  return JsonWebKey{.id = {}, .type = "EC", .curve = curve, .algorithm = {}, .text = to_text(open)};
}

std::optional<JsonWebKey> read_key(const Json& key) {
  if (!may_check_signatures(key)) return std::nullopt;
  const std::string type = text_or(key, "kty");
  auto out = type == "RSA" ? rsa_key(key) : type == "EC" ? elliptic_key(key) : std::nullopt;
  if (!out) return std::nullopt;
  out->id = text_or(key, "kid");
  out->algorithm = text_or(key, "alg");
  if (!out->algorithm.empty() && !is_allowed_algorithm(out->algorithm)) return std::nullopt;
  return out;
}

}  // namespace

bool is_allowed_algorithm(std::string_view algorithm) {
  static constexpr std::array<std::string_view, 8> allowed = {"RS256", "RS384", "RS512", "PS256",
                                                              "PS384", "PS512", "ES256", "ES384"};
  return std::ranges::find(allowed, algorithm) != allowed.end();
}

bool JsonWebKey::fits(std::string_view algorithm_of_token) const {
  if (!is_allowed_algorithm(algorithm_of_token)) return false;
  if (!algorithm.empty() && algorithm != algorithm_of_token) return false;
  if (algorithm_of_token == "ES256") return type == "EC" && curve == "P-256";
  if (algorithm_of_token == "ES384") return type == "EC" && curve == "P-384";
  return type == "RSA";
}

Result<KeySet> KeySet::parse(std::string_view text) {
  CICLO_TRY(const Json document, parse_json(text, document_limits));
  const Json& keys = member(document, "keys");
  if (!keys.is_array()) return fail(ErrorCode::invalid, "the key set has no list of keys", "/keys");
  if (keys.size() > max_keys)
    return fail(ErrorCode::too_large, fmt::format("the key set has more than {} keys", max_keys), "/keys");
  KeySet set;
  for (const Json& key : keys)
    if (auto read = read_key(key)) set.keys_.push_back(*std::move(read));
  return set;
}

const JsonWebKey* KeySet::find(std::string_view id, std::string_view algorithm) const {
  const JsonWebKey* found = nullptr;
  for (const JsonWebKey& key : keys_) {
    if (!key.fits(algorithm) || (!id.empty() && key.id != id)) continue;
    if (!id.empty()) return &key;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

}  // namespace ciclo::administration::oidc
