#include "administration/sign_in/session_authenticator.hpp"

#include "administration/sign_in/cookies.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

bool only_reads(http::Method method) {
  return method == http::Method::get || method == http::Method::head || method == http::Method::options;
}

}  // namespace

Result<std::optional<resources::Caller>> SessionAuthenticator::authenticate(const http::Request& request) {
  if (request.headers.find("authorization")) return std::nullopt;
  CICLO_TRY(const auto session, sessions_.find(request.headers));
  if (!session) return std::nullopt;
  if (!only_reads(request.method)) {
    CICLO_CHECK(require_same_origin(request.headers, public_origin_));
    const std::string_view given = request.headers.find(csrf_header).value_or("");
    if (!equal_in_constant_time(given, sessions_.csrf_token_of(request.headers)))
      return fail(ErrorCode::denied, "the request does not carry the session's token against foreign pages",
                  std::string(csrf_header), "send the csrf_token of GET /api/v1/auth/session in this header");
  }
  return resources::Caller{.principal = session->principal,
                           .only_workspace = {},
                           .token_id = std::string(session_token_prefix) + session->id,
                           .request_id = {}};
}

}  // namespace ciclo::administration
