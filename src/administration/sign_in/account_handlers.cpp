// Passwords and one-time codes of a user: their own with a proof, everybody's for administrators.
#include <fmt/format.h>

#include "administration/sign_in/handlers.hpp"

namespace ciclo::administration {
namespace {

using http::Method;
using http::Request;
using http::Response;
using resources::Caller;
using resources::caller_of;
using std::chrono::milliseconds;

constexpr std::size_t largest_body = 8U << 10U;

Result<std::string> needed_text(const Json& body, const std::string& key) {
  std::string text = text_or(body, key);
  if (!text.empty()) return text;
  return fail(ErrorCode::invalid, fmt::format("'{}' is missing", key), "/" + key, "give it as a text");
}

bool is_own(const Request& request) {
  return caller_of(request).principal == request.parameter("user");
}

Result<void> require_own(const Request& request) {
  CICLO_CHECK(require_whole(caller_of(request)));
  if (is_own(request)) return {};
  return fail(ErrorCode::denied, "one-time codes are set up by their user alone", {},
              "an administrator can turn them off");
}

// Of oneself, too: a token alone must not make a password, which would outlive it.
Result<void> require_administrator(SignIn& sign_in, const Request& request) {
  if (is_own(request)) {
    CICLO_CHECK(require(sign_in.parts().service.parts().access, caller_of(request), "organisation/manage", ""));
    return {};
  }
  return sign_in.parts().require_may_act_for(caller_of(request), request.parameter("user"));
}

Result<bool> has_password(SignIn& sign_in, const std::string& user) {
  return sign_in.parts().service.parts().database.read([&](sql::Session& session) -> Result<bool> {
    CICLO_TRY(const auto password, sign_in.passwords().find_in(session, user));
    return password.has_value();
  });
}

Response done_or_wait(milliseconds wait) {
  return wait.count() > 0 ? throttled(wait) : Response::empty();
}

Result<Response> set_password(SignIn& sign_in, Request& request) {
  const Caller& caller = caller_of(request);
  CICLO_CHECK(require_whole(caller));
  CICLO_TRY(const bool can_prove, is_own(request) ? has_password(sign_in, caller.principal) : Result<bool>(false));
  // A token alone makes no password: it would outlive the token.
  if (!can_prove) CICLO_CHECK(require_administrator(sign_in, request));
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const std::string wanted, needed_text(body, "new_password"));
  if (can_prove) {
    CICLO_TRY(const std::string current, needed_text(body, "current_password"));
    CICLO_TRY(const milliseconds wait, sign_in.change_password({caller, request.remote_address, current}, wanted));
    return done_or_wait(wait);
  }
  CICLO_CHECK(sign_in.set_password(caller, request.parameter("user"), wanted));
  return Response::empty();
}

Result<Response> remove_password(SignIn& sign_in, Request& request) {
  CICLO_CHECK(require_whole(caller_of(request)));
  CICLO_CHECK(require_administrator(sign_in, request));
  CICLO_CHECK(sign_in.remove_password(caller_of(request), request.parameter("user")));
  return Response::empty();
}

Result<Response> begin_codes(SignIn& sign_in, Request& request) {
  CICLO_CHECK(require_own(request));
  CICLO_TRY(const Enrolment enrolment, sign_in.begin_codes(caller_of(request)));
  return secret_json({{"secret", enrolment.secret}, {"uri", enrolment.uri}}, 201);
}

Result<Response> confirm_codes(SignIn& sign_in, Request& request) {
  CICLO_CHECK(require_own(request));
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const std::string code, needed_text(body, "code"));
  CICLO_TRY(const auto recovery_codes, sign_in.confirm_codes(caller_of(request), code));
  return secret_json({{"recovery_codes", recovery_codes}});
}

Result<Response> remove_codes(SignIn& sign_in, Request& request) {
  CICLO_CHECK(require_whole(caller_of(request)));
  if (!is_own(request)) CICLO_CHECK(require_administrator(sign_in, request));
  CICLO_TRY(const Json body, request.json());
  const std::string code = text_or(body, "code");
  if (is_own(request) && !code.empty()) {
    CICLO_TRY(const milliseconds wait, sign_in.remove_own_codes({caller_of(request), request.remote_address, code}));
    return done_or_wait(wait);
  }
  if (is_own(request) && !require_administrator(sign_in, request))
    return fail(ErrorCode::denied, "turning off one-time codes needs a code", "/code",
                "give the current code or a recovery code, or ask an administrator");
  CICLO_CHECK(sign_in.remove_codes(caller_of(request), request.parameter("user")));
  return Response::empty();
}

Result<Response> show(SignIn& sign_in, Request& request) {
  const std::string& user = request.parameter("user");
  const auto& resources = sign_in.parts().service.parts();
  if (!is_own(request)) CICLO_CHECK(require(resources.access, caller_of(request), "organisation/read", ""));
  return sign_in.parts().service.parts().database.read([&](sql::Session& session) -> Result<Response> {
    CICLO_CHECK(sign_in.parts().identity.get_user_in(session, user));
    CICLO_TRY(const auto password, sign_in.passwords().find_in(session, user));
    CICLO_TRY(const bool has_codes, sign_in.codes().is_on_in(session, user));
    Json body = {{"name", user}, {"has_password", password.has_value()}, {"one_time_codes", has_codes}};
    if (password) {
      body["password_changed_at"] = format_rfc3339(password->changed_at);
      body["must_change_password"] = password->must_change;
    }
    return Response::json(body);
  });
}

}  // namespace

Result<void> add_account_routes(http::Router& router, SignIn& sign_in) {
  using Function = Result<Response> (*)(SignIn&, Request&);
  const auto add = [&](Method method, const std::string& path, std::string summary, Function function) {
    http::Route route;
    route.method = method;
    route.pattern = "/api/v1/users/{user}" + path;
    route.summary = std::move(summary);
    route.tag = "sign-in";
    route.body_limit = largest_body;
    route.handler = [&sign_in, function](Request& request) { return function(sign_in, request); };
    return router.add(std::move(route));
  };
  CICLO_CHECK(add(Method::get, "/sign-in", "Show how a user signs in", show));
  CICLO_CHECK(add(Method::put, "/password", "Change your password, or give somebody a temporary one", set_password));
  CICLO_CHECK(add(Method::del, "/password", "Take a user's password away", remove_password));
  CICLO_CHECK(add(Method::post, "/totp", "Get a secret for an authenticator app", begin_codes));
  CICLO_CHECK(add(Method::post, "/totp/confirm", "Turn on one-time codes by giving one", confirm_codes));
  return add(Method::del, "/totp", "Turn off one-time codes", remove_codes);
}

}  // namespace ciclo::administration
