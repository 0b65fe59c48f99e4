// Secrets at rest: sealed with a master key that lies in a file only its owner can read.
//
// libsodium's crypto_secretbox (XSalsa20-Poly1305) with a random nonce. Thread safety: safe from any thread.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::administration {

class Sealer {
 public:
  // Reads the key, or makes one (mode 0600) when the file is missing. Fails with denied when others may read the file.
  static Result<Sealer> open(const std::filesystem::path& key_file);
  ~Sealer();
  Sealer(Sealer&&) noexcept = default;
  Sealer& operator=(Sealer&&) noexcept = default;

  std::string seal(std::string_view secret) const;  // printable (base64)
  // Fails with internal when it was sealed with another key or was changed.
  Result<std::string> open_sealed(std::string_view sealed) const;

 private:
  Sealer() = default;
  std::array<unsigned char, 32> key_{};
};

// libsodium's start-up; call once in main() before anything else here. Safe to repeat.
Result<void> start_cryptography();

}  // namespace ciclo::administration
