// `Authorization: Basic …` (RFC 7617): a name and a password.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "platform/http/message.hpp"

namespace ciclo::administration {

struct BasicCredentials {
  std::string name;
  std::string password;
};

// Nothing when the request carries none; unauthenticated when they are malformed.
Result<std::optional<BasicCredentials>> basic_credentials_of(const http::Headers& headers);

}  // namespace ciclo::administration
