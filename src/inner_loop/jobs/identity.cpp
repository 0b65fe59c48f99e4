#include "inner_loop/jobs/identity.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>

namespace ciclo::inner_loop {
namespace {

Json sorted(const std::map<std::string, std::string>& map) {
  Json json = Json::object();
  for (const auto& [key, value] : map) json[key] = value;
  return json;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string identity_of(const StepContent& content) {
  // JSON keeps the fields apart; the leading number changes when the meaning of this form does.
  const Json form = {1,
                     content.command,
                     content.code,
                     content.environment,
                     sorted(content.inputs),
                     sorted(content.outputs),
                     sorted(content.environment_variables)};
  return sha256_hex(to_text(form));
}

}  // namespace ciclo::inner_loop
