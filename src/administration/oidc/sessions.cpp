#include "administration/oidc/sessions.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::string_view session_cookie = "ciclo_session";
constexpr std::chrono::hours session_life{12};

}  // namespace

std::string to_header(const Cookie& cookie) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}", cookie.name, cookie.value,
                     cookie.life.count(), cookie.is_secure ? "; Secure" : "");
}

std::optional<std::string_view> cookie_of(const http::Headers& headers, std::string_view name) {
  for (const auto& [field, value] : headers.fields()) {
    if (!iequals(field, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view pair = trim(rest.substr(0, rest.find(';')));
      rest.remove_prefix(
          std::min(rest.size(), rest.find(';') == std::string_view::npos ? rest.size() : rest.find(';') + 1));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

Result<std::vector<std::string>> TokenSessions::open_in(sql::Session& session, const std::string& principal,
                                                        const std::string& how) {
  CICLO_TRY(const auto minted, identity_.mint_in(session, {.principal = principal,
                                                           .purpose = "session by " + how,
                                                           .only_workspace = {},
                                                           .expires_at = clock_.now() + session_life}));
  return std::vector{to_header({std::string(session_cookie), minted.secret, session_life, is_secure_})};
}

Result<std::vector<std::string>> TokenSessions::end(const http::Request& request) {
  const auto secret = cookie_of(request.headers, session_cookie);
  if (!secret) return std::vector<std::string>();
  if (const auto caller = identity_.authenticate(*secret))
    CICLO_CHECK(database_.write([&](sql::Session& session) { return identity_.revoke_in(session, caller->token_id); }));
  return std::vector{to_header({std::string(session_cookie), "", std::chrono::seconds(0), is_secure_})};
}

Result<std::optional<resources::Caller>> TokenSessions::authenticate(const http::Request& request) {
  if (request.headers.find("authorization")) return std::nullopt;
  const auto secret = cookie_of(request.headers, session_cookie);
  if (!secret) return std::nullopt;
  const bool only_reads = request.method == http::Method::get || request.method == http::Method::head;
  if (!only_reads && request.headers.find("sec-fetch-site") != "same-origin")
    return fail(ErrorCode::denied, "a page of another server sent this request with your session");
  CICLO_TRY(resources::Caller caller, identity_.authenticate(*secret));
  return caller;
}

}  // namespace ciclo::administration::oidc
