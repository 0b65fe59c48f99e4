#include "administration/link_authenticator.hpp"

#include "base/text.hpp"

namespace ciclo::administration {

Result<std::optional<resources::Caller>> LinkAuthenticator::authenticate(const http::Request& request) {
  const auto link = request.query.find(tokens::link_parameter);
  if (!link) return std::nullopt;
  if (request.query.items().size() != 1)
    return fail(ErrorCode::unauthenticated, "a link is used as it is, without other parameters");
  // The link covers the path as it is decoded; an encoded '/' could make another route of the same text.
  if (to_lower(request.target).find("%2f") != std::string::npos)
    return fail(ErrorCode::unauthenticated, "a link is used as it is");
  CICLO_TRY(auto claims, key_.verify({http::name_of(request.method), request.path}, *link, clock_.now()));
  for (const std::string& who : {claims.principal, claims.on_behalf_of})
    if (!who.empty() && is_barred_(who))
      return fail(ErrorCode::unauthenticated, "who asked for the link may do nothing any more");
  return resources::Caller{.principal = std::move(claims.principal),
                           .only_workspace = {},
                           .on_behalf_of = std::move(claims.on_behalf_of),
                           .only_actions = {},
                           .token_id = "link",
                           .request_id = {}};
}

}  // namespace ciclo::administration
