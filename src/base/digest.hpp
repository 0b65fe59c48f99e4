// SHA-256 (FIPS 180-4) and HMAC (RFC 2104), by OpenSSL.
//
// A plain hash suits random secrets, which nobody can try through; passwords need a slow one
// (administration/sign_in/password.hpp).
//
// Thread safety: the functions are safe from any thread; an object of Sha256 belongs to one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ciclo {

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string sha256_hex(std::string_view bytes);  // 64 lower-case hexadecimal digits
// Under a key of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
bool is_sha256_hex(std::string_view text);

std::string hex_of(std::string_view bytes);  // lower-case

// SHA-256 while bytes pass.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&& other) noexcept;
  Sha256& operator=(Sha256&& other) noexcept;
  void add(std::string_view bytes);
  std::string finish_hex();  // call once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ciclo
