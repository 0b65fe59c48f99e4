#include "administration/secrets/secret_bytes.hpp"

#include <sodium.h>

#include <cstring>
#include <new>
#include <utility>

namespace ciclo::administration {

bool start_sodium() {
  return sodium_init() >= 0;
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  start_sodium();
  bytes_ = static_cast<unsigned char*>(sodium_malloc(size));
  if (bytes_ == nullptr) throw std::bad_alloc();
  sodium_memzero(bytes_, size);
}

SecretBytes SecretBytes::random(std::size_t size) {
  SecretBytes made(size);
  randombytes_buf(made.bytes_, size);
  return made;
}

SecretBytes SecretBytes::copy_of(std::string_view bytes) {
  SecretBytes made(bytes.size());
  std::memcpy(made.bytes_, bytes.data(), bytes.size());
  return made;
}

SecretBytes::~SecretBytes() {
  sodium_free(bytes_);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

std::string_view SecretBytes::view() const {
  return {reinterpret_cast<const char*>(bytes_), size_};  // NOLINT: libsodium has unsigned bytes
}

}  // namespace ciclo::administration
