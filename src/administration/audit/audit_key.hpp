// The key of the audit log: 32 random bytes, made once, from which a key for each purpose is derived (libsodium's
// crypto_kdf). Who can write the database but has not this key can neither make a row that fits the chain nor a head, a
// checkpoint or a policy that is taken for true.
//
// It is stored in the database, sealed by the server's master key; a rotation of the master key only seals it again.
//
// Thread safety: a key may be used from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

// What a code is made for; a code made for one never stands for another. The numbers are persisted.
enum class AuditPurpose : std::uint8_t { row = 1, head = 2, policy = 3, position = 4, witness = 5 };

class AuditKey {
 public:
  static constexpr std::size_t size = 32;
  static constexpr std::size_t journal_key_size = 16;
  using JournalKey = std::array<unsigned char, journal_key_size>;

  static AuditKey random();
  // Fails with internal unless there are 32 bytes.
  static Result<AuditKey> from_bytes(std::string_view bytes);
  ~AuditKey();
  AuditKey(const AuditKey&) = default;
  AuditKey& operator=(const AuditKey&) = delete;

  std::string_view bytes() const;  // secret
  // Keyed BLAKE2b-256 of the message, as 64 hexadecimal digits.
  std::string code(AuditPurpose purpose, std::string_view message) const;
  bool code_fits(AuditPurpose purpose, std::string_view message, std::string_view code) const;
  // Ed25519; base64.
  std::string sign(std::string_view message) const;
  bool signature_fits(std::string_view message, std::string_view signature) const;
  std::string public_key() const;  // base64
  const JournalKey& journal_key() const { return journal_key_; }

 private:
  AuditKey() = default;
  void derive();

  std::array<unsigned char, size> root_{};
  std::array<std::array<unsigned char, size>, 6> codes_{};
  std::array<unsigned char, 64> signing_secret_{};
  std::array<unsigned char, 32> signing_public_{};
  JournalKey journal_key_{};
};

// How the key is sealed: the server's Sealer, or a test's own.
struct KeySealing {
  std::function<std::string(std::string_view)> seal;
  std::function<Result<std::string>(std::string_view)> open;
};

// The stored key, or nothing when there is none yet. Fails as `sealing.open` when the master key is another one.
Result<std::optional<AuditKey>> stored_audit_key_in(sql::Session& session, const KeySealing& sealing);
// False when there was one already (another server was first); then nothing is changed.
Result<bool> store_audit_key_in(sql::Session& session, const AuditKey& key, const KeySealing& sealing);

}  // namespace ciclo::administration
