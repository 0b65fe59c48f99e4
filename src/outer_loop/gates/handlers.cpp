#include "outer_loop/gates/handlers.hpp"

#include "outer_loop/gates/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::size_t longest_comment = 10'000;

http::Handler voting(const PromotionParts& parts, bool approves) {
  return [parts, approves](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const Json body, request.json());
    Vote vote{.approval = approval_key(request.parameter("workspace"), request.parameter("name")),
              .caller = resources::caller_of(request),
              .approves = approves,
              .comment = text_or(body, "comment")};
    if (vote.comment.size() > longest_comment)
      return fail(ErrorCode::too_large, "the comment is longer than 10 000 bytes", "/comment");
    CICLO_TRY(const auto approval, parts.service.parts().database.write(
                                       [&](sql::Session& session) { return vote_in(session, parts, vote); }));
    return http::Response::json(resources::view(*parts.service.parts().kinds.find("approval"), approval));
  };
}

http::Route route(std::string_view verb, std::string_view summary) {
  http::Route made;
  made.method = http::Method::post;
  made.pattern = "/api/v1/workspaces/{workspace}/approvals/{name}/" + std::string(verb);
  made.action = "automation/write";
  made.summary = summary;
  made.tag = "approvals";
  return made;
}

}  // namespace

Result<void> add_approval_routes(http::Router& router, const PromotionParts& parts) {
  auto approve = route("approve", "Let a promotion go ahead");
  approve.handler = voting(parts, true);
  CICLO_CHECK(router.add(std::move(approve)));
  auto reject = route("reject", "Stop a promotion");
  reject.handler = voting(parts, false);
  return router.add(std::move(reject));
}

}  // namespace ciclo::outer_loop
