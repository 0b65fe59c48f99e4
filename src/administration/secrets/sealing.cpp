#include "administration/secrets/sealing.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "base/wipe.hpp"

namespace ciclo::administration {
namespace {

constexpr int base64 = sodium_base64_VARIANT_ORIGINAL;
constexpr std::string_view form = "k1:";

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT: libsodium takes unsigned bytes
}
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT
}

std::string to_base64(const std::string& box) {
  std::string text(sodium_base64_encoded_len(box.size(), base64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes(box), box.size(), base64);
  text.pop_back();
  return text;
}

// Empty when it is no base64.
std::string from_base64(std::string_view text) {
  std::string box(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(bytes(box), box.size(), text.data(), text.size(), nullptr, &length, nullptr, base64) != 0)
    return {};
  box.resize(length);
  return box;
}

Failure does_not_open() {
  return fail(ErrorCode::internal, "a stored secret cannot be opened", {},
              "the master key belongs to another data folder, or the database was changed");
}

}  // namespace

Result<void> start_cryptography() {
  if (!start_sodium()) return fail(ErrorCode::internal, "libsodium could not be started");
  return {};
}

std::string encrypt(const SecretBytes& key, std::string_view secret, std::string_view place) {
  static constexpr std::size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  std::string box(nonce + secret.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  randombytes_buf(box.data(), nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(box) + nonce, nullptr, bytes(secret), secret.size(), bytes(place),
                                             place.size(), nullptr, bytes(box), key.data());
  return to_base64(box);
}

Result<std::string> decrypt(const SecretBytes& key, std::string_view text, std::string_view place) {
  static constexpr std::size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  static constexpr std::size_t overhead = nonce + crypto_aead_xchacha20poly1305_ietf_ABYTES;
  std::string box = from_base64(text);
  if (box.size() < overhead) return does_not_open();
  std::string secret(box.size() - overhead, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(secret), nullptr, nullptr, bytes(box) + nonce,
                                                 box.size() - nonce, bytes(place), place.size(), bytes(box),
                                                 key.data()) != 0)
    return does_not_open();
  return secret;
}

Result<Sealer> Sealer::open(const std::filesystem::path& key_file) {
  CICLO_CHECK(start_cryptography());
  CICLO_TRY(MasterKey key, load_master_key({.from = MasterKeySource::From::file, .file = key_file}));
  return Sealer(std::move(key));
}

std::string Sealer::seal(std::string_view secret, std::string_view place) const {
  return fmt::format("{}{}:{}", form, key_.id, encrypt(key_.bytes, secret, place));
}

Result<std::string> Sealer::open_sealed(std::string_view sealed, std::string_view place) const {
  if (!sealed.starts_with(form)) return open_old_form(sealed);
  const std::string_view rest = sealed.substr(form.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return does_not_open();
  if (rest.substr(0, colon) != key_.id)
    return fail(ErrorCode::internal,
                fmt::format("a stored secret was sealed with master key {}, and this server has {}",
                            rest.substr(0, std::min<std::size_t>(colon, 32)), key_.id),
                {}, "start the server with the key it was sealed with");
  return decrypt(key_.bytes, rest.substr(colon + 1), place);
}

std::string Sealer::derived_key(std::string_view use) const {
  std::string key(crypto_generichash_BYTES, '\0');
  crypto_generichash(bytes(key), key.size(), bytes(use), use.size(), key_.bytes.data(), key_.bytes.size());
  return key;
}

Result<std::string> Sealer::open_old_form(std::string_view sealed) const {
  static constexpr std::size_t head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  std::string box = from_base64(sealed);
  if (box.size() < head) return does_not_open();
  std::string secret(box.size() - head, '\0');
  if (crypto_secretbox_open_easy(bytes(secret), bytes(box) + crypto_secretbox_NONCEBYTES,
                                 box.size() - crypto_secretbox_NONCEBYTES, bytes(box), key_.bytes.data()) != 0)
    return does_not_open();
  return secret;
}

std::string sealed_place(std::string_view table, std::string_view column, std::span<const std::string> key) {
  std::string place;
  const auto add = [&](std::string_view part) { place += fmt::format("{}:{};", part.size(), part); };
  add(table);
  add(column);
  for (const std::string& part : key) add(part);
  return place;
}

std::string sealed_place(std::string_view table, std::string_view column, std::initializer_list<std::string> key) {
  return sealed_place(table, column, std::span<const std::string>(key.begin(), key.end()));
}

}  // namespace ciclo::administration
