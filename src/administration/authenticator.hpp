// One way to find out who calls: tokens, the Studio's sessions, an identity provider's tokens. The Guard asks each in turn.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "platform/http/message.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nothing when the request carries no credential of this sort; unauthenticated when it carries one that is not good.
  virtual Result<std::optional<resources::Caller>> authenticate(const http::Request& request) = 0;
};

}  // namespace ciclo::administration
