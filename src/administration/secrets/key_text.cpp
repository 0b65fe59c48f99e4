#include "administration/secrets/key_text.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t longest_text = 4096;

bool decode(std::string_view text, int variant, SecretBytes& key) {
  std::size_t length = 0;
  return sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &length, nullptr, variant) == 0 &&
         length == key.size();
}

}  // namespace

Result<SecretBytes> parse_key_text(std::string_view text) {
  SecretBytes key(master_key_bytes);
  const std::string_view plain = trim(text);
  if (text.size() <= longest_text && plain.size() == 2 * master_key_bytes) {
    std::size_t length = 0;
    if (sodium_hex2bin(key.data(), key.size(), plain.data(), plain.size(), nullptr, &length, nullptr) == 0 &&
        length == key.size())
      return key;
  }
  if (text.size() <= longest_text) {
    for (const int variant : {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                              sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING})
      if (decode(plain, variant, key)) return key;
  }
  return fail(ErrorCode::invalid, "this is no master key", {},
              "give 32 bytes as 64 hexadecimal digits or as base64: openssl rand -hex 32");
}

}  // namespace ciclo::administration
