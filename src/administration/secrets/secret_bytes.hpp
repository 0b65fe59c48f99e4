// A few bytes of key material: in memory of their own between guard pages, kept out of core dumps and (where the limit
// on locked memory allows) of swap, and zeroed at the end. libsodium's sodium_malloc.
//
// Thread safety: as of a plain array.
#pragma once

#include <cstddef>
#include <string_view>

namespace ciclo::administration {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size);  // zeroes
  static SecretBytes random(std::size_t size);
  static SecretBytes copy_of(std::string_view bytes);
  ~SecretBytes();
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  unsigned char* data() { return bytes_; }
  const unsigned char* data() const { return bytes_; }
  std::size_t size() const { return size_; }
  std::string_view view() const;

 private:
  unsigned char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// libsodium's start-up; call once in main() before anything else here. Fails when the system gives no randomness.
bool start_sodium();

}  // namespace ciclo::administration
