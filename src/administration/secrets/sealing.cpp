#include "administration/secrets/sealing.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace ciclo::administration {
namespace {

constexpr int base64 = sodium_base64_VARIANT_ORIGINAL;

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT: libsodium takes unsigned bytes
}
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT
}

Failure cannot(std::string_view what, const std::filesystem::path& file) {
  return fail(ErrorCode::internal, fmt::format("cannot {} the master key: {}", what, std::strerror(errno)),
              file.string(), "the server's user must own the data folder");
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_new_key(const std::filesystem::path& file, const std::array<unsigned char, 32>& key) {
  const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return cannot("write", file);
  if (::write(out.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(out.get()) != 0)
    return cannot("write", file);
  return {};
}

}  // namespace

Result<void> start_cryptography() {
  if (sodium_init() < 0) return fail(ErrorCode::internal, "libsodium could not be started");
  return {};
}

Result<Sealer> Sealer::open(const std::filesystem::path& key_file) {
  CICLO_CHECK(start_cryptography());
  Sealer sealer;
  const Descriptor in(::open(key_file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) {
    if (errno != ENOENT) return cannot("read", key_file);
    randombytes_buf(sealer.key_.data(), sealer.key_.size());
    CICLO_CHECK(write_new_key(key_file, sealer.key_));
    return sealer;
  }
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return cannot("read", key_file);
  if ((status.st_mode & 077) != 0)
    return fail(ErrorCode::denied, "the master key can be read by others", key_file.string(),
                fmt::format("chmod 600 {}", key_file.string()));
  if (::read(in.get(), sealer.key_.data(), sealer.key_.size()) != static_cast<ssize_t>(sealer.key_.size()))
    return fail(ErrorCode::internal, "the master key file is not 32 bytes long", key_file.string(),
                "restore it from a backup: what it sealed cannot be read without it");
  return sealer;
}

Sealer::~Sealer() {
  sodium_memzero(key_.data(), key_.size());
}

std::string Sealer::seal(std::string_view secret) const {
  std::string box(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + secret.size(), '\0');
  randombytes_buf(box.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(bytes(box) + crypto_secretbox_NONCEBYTES, bytes(secret), secret.size(), bytes(box),
                        key_.data());
  std::string text(sodium_base64_encoded_len(box.size(), base64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes(box), box.size(), base64);
  text.pop_back();
  return text;
}

Result<std::string> Sealer::open_sealed(std::string_view sealed) const {
  std::string box(sealed.size(), '\0');
  std::size_t length = 0;
  const bool decoded =
      sodium_base642bin(bytes(box), box.size(), sealed.data(), sealed.size(), nullptr, &length, nullptr, base64) == 0;
  static constexpr std::size_t head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (decoded && length >= head) {
    std::string secret(length - head, '\0');
    if (crypto_secretbox_open_easy(bytes(secret), bytes(box) + crypto_secretbox_NONCEBYTES,
                                   length - crypto_secretbox_NONCEBYTES, bytes(box), key_.data()) == 0)
      return secret;
  }
  return fail(ErrorCode::internal, "a stored secret cannot be opened with the master key", {},
              "the key file belongs to another data folder, or the database was changed");
}

}  // namespace ciclo::administration
