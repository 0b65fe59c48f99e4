// SHA-256 (FIPS 180-4) while bytes pass, and a state that can be kept to go on from later, in another process too.
//
// Thread safety: none.
#pragma once

#include <openssl/sha.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ciclo::blobs {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  // Lower-case hexadecimal. Call once.
  std::string finish();

  // What was added so far: the eight words as 64 hexadecimal digits, then the bytes that wait for a whole block.
  std::string state() const;
  // Goes on after `size` bytes; nothing when the text is no state after so many.
  static std::optional<Sha256> resume(std::string_view state, std::uint64_t size);

 private:
  SHA256_CTX context_{};
};

// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace ciclo::blobs
