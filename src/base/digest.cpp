#include "base/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <bit>
#include <memory>

namespace ciclo {
namespace {

constexpr std::size_t sum_bytes = 32;

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT: OpenSSL takes unsigned bytes
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT: as above
}

// Looking the algorithm up costs more than a short sum itself.
const EVP_MD* algorithm() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> fetched{EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                                       EVP_MD_free};
  return fetched.get();
}

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
Context new_context() {
  return {EVP_MD_CTX_new(), EVP_MD_CTX_free};
}

}  // namespace

std::string hex_of(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

std::string sha256(std::string_view bytes) {
  thread_local const Context context = new_context();
  std::string sum(sum_bytes, '\0');
  EVP_DigestInit_ex2(context.get(), algorithm(), nullptr);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.get(), bytes_of(sum), nullptr);
  return sum;
}

std::string sha256_hex(std::string_view bytes) {
  return hex_of(sha256(bytes));
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string sum(sum_bytes, '\0');
  HMAC(algorithm(), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), bytes_of(sum), nullptr);
  return sum;
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  return hex_of(hmac_sha256(key, bytes));
}

std::int64_t value_hash(std::string_view value) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : value) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return std::bit_cast<std::int64_t>(hash);
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 2 * sum_bytes &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace ciclo
