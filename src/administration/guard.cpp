#include "administration/guard.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "base/text.hpp"

namespace ciclo::administration {

using resources::Caller;

namespace {

Result<std::optional<std::string>> password_of_basic(std::string_view encoded) {
  std::string decoded(encoded.size(), '\0');
  std::size_t length = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(decoded.data()), decoded.size(), encoded.data(),
                                    encoded.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL);
  decoded.resize(length);
  const std::size_t colon = decoded.find(':');
  if (bad != 0 || colon == std::string::npos)
    return fail(ErrorCode::unauthenticated, "the Authorization header is not well-formed Basic authentication");
  return decoded.substr(colon + 1);
}

}  // namespace

Result<std::optional<std::string>> secret_of(const http::Headers& headers) {
  const auto header = headers.find("authorization");
  if (!header) return std::nullopt;
  const std::size_t space = header->find(' ');
  const std::string_view scheme = header->substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? std::string_view() : trim(header->substr(space + 1));
  if (iequals(scheme, "bearer") && !rest.empty()) return std::string(rest);
  if (iequals(scheme, "basic")) return password_of_basic(rest);
  return fail(ErrorCode::unauthenticated, "the Authorization header is of an unknown scheme", {},
              "use Bearer or Basic");
}

Result<std::optional<Caller>> TokenAuthenticator::authenticate(const http::Request& request) {
  CICLO_TRY(const auto secret, secret_of(request.headers));
  if (!secret) return std::nullopt;
  CICLO_TRY(Caller caller, identity_.authenticate(*secret));
  return caller;
}

Result<Caller> AccessGuard::caller_of(const http::Request& request) const {
  for (Authenticator* each : parts_.authenticators) {
    CICLO_TRY(auto caller, each->authenticate(request));
    if (caller) return *std::move(caller);
  }
  return fail(ErrorCode::unauthenticated, "a token is needed", {},
              "send 'Authorization: Bearer <token>', or run: ciclo login");
}

Result<void> AccessGuard::admit(const http::Route& route, http::Request& request) {
  CICLO_TRY(Caller caller, caller_of(request));
  caller.request_id = request.request_id;
  request.principal = caller.principal;
  request.identity = std::make_shared<Caller>(caller);
  if (route.action.empty()) return {};
  // A route of the API without {workspace} is the organisation's; those at the bare root are MLflow's.
  std::string workspace = request.parameter("workspace");
  const bool is_organisation = route.action.starts_with("organisation/") || request.path.starts_with("/api/v1/");
  if (workspace.empty() && !is_organisation) workspace = parts_.default_workspace;
  auto allowed = resources::require(parts_.access, caller, route.action, workspace);
  const resources::AuditEntry entry{.caller = caller,
                                    .action = route.action,
                                    .operation = std::string(http::name_of(route.method)),
                                    .workspace = workspace,
                                    .target = request.path,
                                    .decision = allowed ? *allowed : resources::Decision{false, allowed.error().hint}};
  auto noted = parts_.audit.note_decision(entry);
  if (!noted) parts_.logger.error("audit", "a decision could not be written down", {{"error", noted.error().text()}});
  if (!allowed) return Failure(std::move(allowed).error());
  return noted;
}

}  // namespace ciclo::administration
