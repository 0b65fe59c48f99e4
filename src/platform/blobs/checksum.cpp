#include "platform/blobs/checksum.hpp"

#include <algorithm>
#include <array>
#include <charconv>

// The functions with an open state: EVP hides it, and an upload has to outlive the process that began it.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace ciclo::blobs {

namespace {

constexpr std::size_t hex_size = 64;
constexpr std::size_t block_bytes = 64;
constexpr std::size_t word_digits = 8;

void append_hex(std::string& out, unsigned char byte) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

template <class Number>
bool read_hex(std::string_view text, Number& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

}  // namespace

Sha256::Sha256() {
  SHA256_Init(&context_);
}

void Sha256::add(std::string_view bytes) {
  SHA256_Update(&context_, bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &context_);
  std::string hex;
  hex.reserve(hex_size);
  for (const unsigned char byte : digest) append_hex(hex, byte);
  return hex;
}

std::string Sha256::state() const {
  std::string text;
  for (const SHA_LONG word : context_.h)
    for (unsigned shift = 32; shift > 0; shift -= 8)
      append_hex(text, static_cast<unsigned char>((word >> (shift - 8)) & 255U));
  std::array<unsigned char, block_bytes> waiting{};
  const auto* const data = reinterpret_cast<const unsigned char*>(&context_.data);  // NOLINT: bytes, as OpenSSL uses it
  std::copy_n(data, context_.num, waiting.begin());
  for (unsigned i = 0; i < context_.num; ++i) append_hex(text, waiting.at(i));
  return text;
}

std::optional<Sha256> Sha256::resume(std::string_view state, std::uint64_t size) {
  const std::size_t waiting = size % block_bytes;
  if (state.size() != hex_size + 2 * waiting || (size >> 61U) != 0) return std::nullopt;
  Sha256 sum;
  for (SHA_LONG& word : sum.context_.h) {
    if (!read_hex(state.substr(0, word_digits), word)) return std::nullopt;
    state.remove_prefix(word_digits);
  }
  const std::uint64_t bits = (size - waiting) << 3U;
  sum.context_.Nl = static_cast<SHA_LONG>(bits);
  sum.context_.Nh = static_cast<SHA_LONG>(bits >> 32U);
  std::string rest;
  for (; !state.empty(); state.remove_prefix(2)) {
    unsigned char byte = 0;
    if (!read_hex(state.substr(0, 2), byte)) return std::nullopt;
    rest += static_cast<char>(byte);
  }
  sum.add(rest);
  return sum;
}

bool is_sha256(std::string_view text) {
  return text.size() == hex_size &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace ciclo::blobs
