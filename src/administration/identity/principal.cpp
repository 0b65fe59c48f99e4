#include "administration/identity/principal.hpp"

#include <fmt/format.h>

namespace ciclo::administration {

std::string_view name_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person: return "person";
    case PrincipalKind::service: return "service";
    case PrincipalKind::managed: return "managed";
  }
  return "person";
}

Result<PrincipalKind> parse_principal_kind(std::string_view text) {
  if (text == "person") return PrincipalKind::person;
  if (text == "service") return PrincipalKind::service;
  return fail(ErrorCode::invalid, fmt::format("there is no kind of principal '{}'", text.substr(0, 40)), "/kind",
              "it is person or service; managed identities come with their workspace");
}

}  // namespace ciclo::administration
