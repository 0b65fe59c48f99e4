#include "administration/audit/audit_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr int base64 = sodium_base64_VARIANT_ORIGINAL;
constexpr const char* context = "ciclaudt";  // of crypto_kdf: 8 characters
// Numbers of derived keys beyond those of AuditPurpose; persisted by what was made with them.
constexpr std::uint64_t journal_number = 32;
constexpr std::uint64_t signing_number = 33;

static_assert(AuditKey::size == crypto_kdf_KEYBYTES && AuditKey::size == crypto_generichash_BYTES);
static_assert(AuditKey::journal_key_size == crypto_shorthash_KEYBYTES);

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT: libsodium takes unsigned bytes
}

template <class Bytes>
std::string to_base64(const Bytes& bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), base64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), base64);
  text.pop_back();
  return text;
}

}  // namespace

AuditKey AuditKey::random() {
  AuditKey key;
  randombytes_buf(key.root_.data(), key.root_.size());
  key.derive();
  return key;
}

Result<AuditKey> AuditKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != size) return fail(ErrorCode::internal, "the audit log's stored key is not 32 bytes long");
  AuditKey key;
  std::copy_n(unsigned_bytes(bytes), size, key.root_.begin());
  key.derive();
  return key;
}

void AuditKey::derive() {
  for (std::size_t i = 1; i < codes_.size(); ++i)
    crypto_kdf_derive_from_key(codes_.at(i).data(), size, i, context, root_.data());
  crypto_kdf_derive_from_key(journal_key_.data(), journal_key_.size(), journal_number, context, root_.data());
  std::array<unsigned char, crypto_sign_SEEDBYTES> seed{};
  crypto_kdf_derive_from_key(seed.data(), seed.size(), signing_number, context, root_.data());
  crypto_sign_seed_keypair(signing_public_.data(), signing_secret_.data(), seed.data());
  sodium_memzero(seed.data(), seed.size());
}

AuditKey::~AuditKey() {
  sodium_memzero(root_.data(), root_.size());
  sodium_memzero(codes_.data(), sizeof(codes_));
  sodium_memzero(signing_secret_.data(), signing_secret_.size());
  sodium_memzero(journal_key_.data(), journal_key_.size());
}

std::string_view AuditKey::bytes() const {
  return {reinterpret_cast<const char*>(root_.data()), root_.size()};  // NOLINT
}

std::string AuditKey::code(AuditPurpose purpose, std::string_view message) const {
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  const auto& key = codes_.at(static_cast<std::size_t>(purpose));
  crypto_generichash(digest.data(), digest.size(), unsigned_bytes(message), message.size(), key.data(), key.size());
  std::string hex(2 * digest.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  hex.pop_back();
  return hex;
}

bool AuditKey::code_fits(AuditPurpose purpose, std::string_view message, std::string_view given) const {
  return equal_in_constant_time(code(purpose, message), given);
}

std::string AuditKey::sign(std::string_view message) const {
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, unsigned_bytes(message), message.size(), signing_secret_.data());
  return to_base64(signature);
}

bool AuditKey::signature_fits(std::string_view message, std::string_view signature) const {
  std::array<unsigned char, crypto_sign_BYTES> bytes{};
  std::size_t length = 0;
  const int bad = sodium_base642bin(bytes.data(), bytes.size(), signature.data(), signature.size(), nullptr, &length,
                                    nullptr, base64);
  return bad == 0 && length == bytes.size() &&
         crypto_sign_verify_detached(bytes.data(), unsigned_bytes(message), message.size(), signing_public_.data()) ==
             0;
}

std::string AuditKey::public_key() const {
  return to_base64(signing_public_);
}

Result<std::optional<AuditKey>> stored_audit_key_in(sql::Session& session, const KeySealing& sealing) {
  CICLO_TRY(const auto row, session.query_one("SELECT sealed FROM audit_keys WHERE id = 1"));
  if (!row) return std::nullopt;
  auto opened = sealing.open(row->text(0));
  if (!opened) {
    opened.error().add_context("the audit log's key");
    return Failure(std::move(opened).error());
  }
  auto key = AuditKey::from_bytes(*opened);
  sodium_memzero(opened->data(), opened->size());
  if (!key) return Failure(std::move(key).error());
  return *std::move(key);
}

Result<bool> store_audit_key_in(sql::Session& session, const AuditKey& key, const KeySealing& sealing) {
  CICLO_TRY(const std::int64_t added,
            session.execute("INSERT INTO audit_keys (id, sealed) VALUES (1, ?) ON CONFLICT (id) DO NOTHING",
                            {sealing.seal(key.bytes())}));
  return added > 0;
}

}  // namespace ciclo::administration
