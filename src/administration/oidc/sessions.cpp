#include "administration/oidc/sessions.hpp"

#include <fmt/format.h>

namespace ciclo::administration::oidc {
std::string to_header(const Cookie& cookie) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", cookie.name, cookie.value,
                     cookie.life.count(), cookie.is_secure ? "; Secure" : "");
}

}  // namespace ciclo::administration::oidc
