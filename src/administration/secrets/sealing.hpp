// Secrets at rest: sealed with the server's master key.
//
//   k1:<id of the master key>:<base64 of nonce and box>     XChaCha20-Poly1305 with a random nonce
//
// A sealed text is bound to its place (a table, a column, the row's key): moved to another row it does not open. Texts
// of the form that came before (base64 alone, XSalsa20-Poly1305, bound to nothing) still open; nothing new is written
// in it.
//
// Thread safety: safe from any thread.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "administration/secrets/master_key.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

class Sealer {
 public:
  explicit Sealer(MasterKey key) : key_(std::move(key)) {}
  // With the key in a file, which is made (mode 0600) when it is missing. Fails with denied when others may read it.
  static Result<Sealer> open(const std::filesystem::path& key_file);

  std::string seal(std::string_view secret, std::string_view place = {}) const;  // printable
  // Fails with internal when it was sealed with another key or for another place, or was changed.
  Result<std::string> open_sealed(std::string_view sealed, std::string_view place = {}) const;
  const std::string& key_id() const { return key_.id; }
  // 32 bytes for another use, the same as long as the master key is: a keyed BLAKE2b of the use's name.
  std::string derived_key(std::string_view use) const;

 private:
  Result<std::string> open_old_form(std::string_view sealed) const;
  MasterKey key_;
};

// The place of a sealed column, for seal() and open_sealed(). No two different places look alike.
std::string sealed_place(std::string_view table, std::string_view column, std::span<const std::string> key);
std::string sealed_place(std::string_view table, std::string_view column, std::initializer_list<std::string> key);

// libsodium's start-up; call once in main() before anything else here. Safe to repeat.
Result<void> start_cryptography();

// XChaCha20-Poly1305 with a random nonce in front, as base64; `place` is authenticated with it. The key has 32 bytes.
std::string encrypt(const SecretBytes& key, std::string_view secret, std::string_view place);
// Fails with internal.
Result<std::string> decrypt(const SecretBytes& key, std::string_view text, std::string_view place);

}  // namespace ciclo::administration
