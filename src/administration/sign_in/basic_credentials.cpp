#include "administration/sign_in/basic_credentials.hpp"

#include <sodium.h>

#include "base/text.hpp"

namespace ciclo::administration {

Result<std::optional<BasicCredentials>> basic_credentials_of(const http::Headers& headers) {
  const auto header = headers.find("authorization");
  if (!header) return std::nullopt;
  const std::size_t space = header->find(' ');
  if (!iequals(header->substr(0, space), "basic")) return std::nullopt;
  const std::string_view encoded =
      space == std::string_view::npos ? std::string_view() : trim(header->substr(space + 1));
  std::string decoded(encoded.size(), '\0');
  std::size_t length = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(decoded.data()), decoded.size(), encoded.data(),
                                    encoded.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL);
  decoded.resize(length);
  const std::size_t colon = decoded.find(':');
  if (bad != 0 || colon == std::string::npos)
    return fail(ErrorCode::unauthenticated, "the Authorization header is not well-formed Basic authentication");
  return BasicCredentials{.name = decoded.substr(0, colon), .password = decoded.substr(colon + 1)};
}

}  // namespace ciclo::administration
