// SHA-256 while bytes pass. Internal to platform/blobs.
//
// Thread safety: none.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace ciclo::blobs {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  // Lower-case hexadecimal. Call once.
  std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace ciclo::blobs
