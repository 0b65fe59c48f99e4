#include "administration/guard.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "administration/access/actions.hpp"
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

// "online-endpoint/{name}" with the request's parameters in the braces.
std::string filled(std::string_view pattern, const http::Request& request) {
  std::string out;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find('}', open);
    out += request.parameter(pattern.substr(open + 1, close - open - 1));
    pattern.remove_prefix(close + 1);
  }
  return out;
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

Result<Caller> AccessGuard::find_caller(const http::Request& request) const {
  for (Authenticator* each : parts_.authenticators) {
    CICLO_TRY(auto caller, each->authenticate(request));
    if (caller) return *std::move(caller);
  }
  return fail(ErrorCode::unauthenticated, "a token is needed", {},
              "send 'Authorization: Bearer <token>', or run: ciclo login");
}

std::string AccessGuard::workspace_of(const http::Route& route, const http::Request& request) const {
  const std::string& workspace = request.parameter("workspace");
  const bool is_organisation =
      component_of(route.action) == organisation_component || request.path.starts_with("/api/v1/");
  return workspace.empty() && !is_organisation ? parts_.default_workspace : workspace;
}

Result<void> AccessGuard::admit(const http::Route& route, http::Request& request) {
  CICLO_TRY(Caller caller, find_caller(request));
  caller.request_id = request.request_id;
  request.principal = caller.principal;
  request.identity = std::make_shared<Caller>(caller);
  if (route.action.empty()) return {};
  resources::AuditEntry entry = entry_of(route, request, {});
  entry.workspace = workspace_of(route, request);
  const std::string resource = filled(route.resource, request);
  auto allowed = resources::require(parts_.access, entry.caller, route.action,
                                    resources::Place(std::string_view(entry.workspace), resource));
  entry.decision = allowed ? *allowed : resources::Decision{false, allowed.error().hint};
  auto noted = note(entry);
  return allowed ? noted : Result<void>(Failure(std::move(allowed).error()));
}

void AccessGuard::refused(const http::Route& route, const http::Request& request, const Error& error) {
  static_cast<void>(note(entry_of(route, request, {false, error.hint.empty() ? error.message : error.hint})));
}

Result<void> AccessGuard::answered(const http::Route& route, const http::Request& request) {
  return note(entry_of(route, request, {true, "signed in; the answer holds what its reader may see"}));
}

resources::AuditEntry AccessGuard::entry_of(const http::Route& route, const http::Request& request,
                                            resources::Decision decision) {
  return {.caller = resources::caller_of(request),
          .action = route.action,
          .operation = std::string(http::name_of(route.method)),
          .workspace = request.parameter("workspace"),
          .target = request.path,
          .decision = std::move(decision)};
}

Result<void> AccessGuard::note(const resources::AuditEntry& entry) {
  auto noted = parts_.audit.note_decision(entry);
  if (!noted) parts_.logger.error("audit", "a decision could not be written down", {{"error", noted.error().text()}});
  return noted;
}

}  // namespace ciclo::administration
