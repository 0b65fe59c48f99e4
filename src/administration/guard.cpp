#include "administration/guard.hpp"

#include <fmt/format.h>

#include "administration/access/actions.hpp"
#include "administration/sign_in/basic_credentials.hpp"
#include "base/text.hpp"

namespace ciclo::administration {

using resources::Caller;

namespace {

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
  if (iequals(scheme, "basic")) {
    CICLO_TRY(auto credentials, basic_credentials_of(headers));
    return std::move(credentials->password);
  }
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
  if (!allowed)
    if (auto limited = limit(route, request, entry.workspace)) allowed = *std::move(limited);
  entry.decision = allowed ? *allowed : resources::Decision{false, allowed.error().hint};
  auto noted = note(entry);
  return allowed ? noted : Result<void>(Failure(std::move(allowed).error()));
}

std::optional<resources::Decision> AccessGuard::limit(const http::Route& route, http::Request& request,
                                                      const std::string& workspace) const {
  resources::Limits limits;
  std::vector<std::string> subjects;
  for (const std::string& kind : route.resource_kinds) {
    resources::Reach reach = parts_.access.reach(resources::caller_of(request), route.action, workspace, kind);
    for (const std::string& name : reach.names) subjects.push_back(fmt::format("{}/{}", kind, name));
    limits.emplace(kind, std::move(reach));
  }
  if (subjects.empty()) return std::nullopt;
  request.limits = std::make_shared<const resources::Limits>(std::move(limits));
  constexpr std::size_t named = 3;
  const std::string more = subjects.size() > named ? fmt::format(" and {} more", subjects.size() - named) : "";
  subjects.resize(std::min(subjects.size(), named));
  return resources::Decision{
      true, fmt::format("roles on {}{} in workspace '{}' alone", join(subjects, ", "), more, workspace)};
}

Result<void> AccessGuard::judge(const http::Route& route, http::Request& request) {
  if (!request.limits) return {};  // may do it in the whole workspace
  const Caller& caller = resources::caller_of(request);
  const std::string workspace = workspace_of(route, request);
  if (parts_.concerns == nullptr) return fail(ErrorCode::denied, fmt::format("'{}' may not do this", caller.principal));
  CICLO_TRY(const auto all, parts_.concerns->find(route, request, workspace));
  for (const resources::Concerned& each : all) {
    const resources::Place place(std::string_view(workspace), each.subject);
    const auto may = [&](std::string_view action) { return parts_.access.decide(caller, action, place); };
    if (each.subject.empty()) return Failure(each.missing);
    const resources::Decision decision = may(each.action);
    if (decision.allowed) continue;
    request.refusal = fmt::format("{} on {}", decision.rule, each.subject);
    if (!may("workspace/read").allowed && !may("storage/read").allowed) return Failure(each.missing);
    return fail(ErrorCode::denied, fmt::format("'{}' may not do {} on {}", caller.principal, each.action, each.subject),
                {}, decision.rule);
  }
  return {};
}

void AccessGuard::refused(const http::Route& route, const http::Request& request, const Error& error) {
  std::string why = error.hint.empty() ? error.message : error.hint;
  if (!request.refusal.empty()) why = request.refusal;
  static_cast<void>(note(entry_of(route, request, {false, std::move(why)})));
}

Result<void> AccessGuard::answered(const http::Route& route, const http::Request& request) {
  return note(entry_of(route, request, {true, "signed in; the answer holds what its reader may see"}));
}

resources::AuditEntry AccessGuard::entry_of(const http::Route& route, const http::Request& request,
                                            resources::Decision decision) const {
  return {.caller = resources::caller_of(request),
          .action = route.action,
          .operation = std::string(http::name_of(route.method)),
          .workspace = workspace_of(route, request),
          .target = request.path,
          .decision = std::move(decision)};
}

Result<void> AccessGuard::note(const resources::AuditEntry& entry) {
  auto noted = parts_.audit.note_decision(entry);
  if (!noted) parts_.logger.error("audit", "a decision could not be written down", {{"error", noted.error().text()}});
  return noted;
}

}  // namespace ciclo::administration
