#include "administration/oidc/encoding.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "platform/http/message.hpp"

namespace ciclo::administration::oidc {
namespace {

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

std::string digest(std::string_view bytes, const EVP_MD* kind) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), &length, kind, nullptr) != 1) length = 0;
  out.resize(length);
  return out;
}

}  // namespace

std::string at_hash_of(std::string_view access_token, std::string_view algorithm) {
  const EVP_MD* kind = algorithm.ends_with("384")   ? EVP_sha384()
                       : algorithm.ends_with("512") ? EVP_sha512()
                                                    : EVP_sha256();
  const std::string hash = digest(access_token, kind);
  return encode_base64url(std::string_view(hash).substr(0, hash.size() / 2));
}

std::string form_of(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form += '&';
    form += http::percent_encode(name) + "=" + http::percent_encode(value);
  }
  return form;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace ciclo::administration::oidc
