// Who there is: people, services (CI/CD, monitoring, governance), and managed identities of workspaces, which nobody
// signs in as.
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

enum class PrincipalKind : std::uint8_t { person, service, managed };
std::string_view name_of(PrincipalKind kind);
// Fails with invalid, naming the kinds that can be created: person and service.
Result<PrincipalKind> parse_principal_kind(std::string_view text);

struct User {
  std::string name;
  std::string display_name;
  TimePoint created_at;
  PrincipalKind kind = PrincipalKind::person;
  bool is_disabled = false;  // none of its credentials is good
};

}  // namespace ciclo::administration
