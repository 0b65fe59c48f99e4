#include "administration/oidc/openid_connect.hpp"

#include <fmt/format.h>

#include "administration/oidc/encoding.hpp"
#include "base/digest.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::chrono::hours token_life{12};
constexpr std::chrono::minutes exchange_window{10};
constexpr std::string_view device_code = "device code";

Result<void> use_once(sql::Session& session, const std::string& id_token, const Identity& identity, TimePoint now) {
  CICLO_CHECK(session.execute("DELETE FROM oidc_used WHERE expires_ms <= ?", {to_unix_ms(now)}));
  CICLO_TRY(const auto added,
            session.execute("INSERT INTO oidc_used (token_hash, expires_ms) VALUES (?,?) ON CONFLICT DO NOTHING",
                            {sha256_hex(id_token), to_unix_ms(std::max(identity.expires_at, now) + exchange_window)}));
  if (added == 1) return {};
  return fail(ErrorCode::unauthenticated, "this ID token was exchanged before", {}, "sign in again");
}

}  // namespace

OpenIdConnect::OpenIdConnect(Settings settings, Parts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      provider_(settings_, {parts_.send, parts_.clock, parts_.logger}),
      people_({parts_.database, parts_.identity, parts_.groups, parts_.clock}),
      code_(settings_, {parts_.database, provider_, parts_.clock, parts_.public_url}),
      authenticator_(settings_, {provider_, parts_.identity, parts_.clock,
                                 [this](const Identity& identity) { return admit(identity, {}); }}) {}

Result<std::string> OpenIdConnect::admit(const Identity& identity, const Occasion& occasion) {
  if (identity.groups_are_elsewhere)
    parts_.logger.warning("openid-connect",
                          "the provider leaves the groups out of its token: memberships stay as they are",
                          {{"subject", identity.subject}});
  if (occasion.how.empty()) {
    CICLO_TRY(const auto known, people_.find(identity));
    if (known) return *known;
  }
  const auto write = [&] {
    return parts_.database.write([&](sql::Session& session) { return admit_in(session, identity, occasion); });
  };
  auto signed_in = write();
  // Another server of this database made the same user or name in the same moment: now it can be seen.
  if (!signed_in && signed_in.error().code == ErrorCode::already_exists) signed_in = write();
  if (!signed_in) return Failure(std::move(signed_in).error());
  return std::move(signed_in->principal);
}

Result<SignedIn> OpenIdConnect::admit_in(sql::Session& session, const Identity& identity, const Occasion& occasion) {
  CICLO_TRY(SignedIn signed_in, people_.sign_in_in(session, identity));
  CICLO_CHECK(record_in(session, signed_in, identity, occasion));
  if (occasion.then) CICLO_CHECK(occasion.then(session, signed_in.principal));
  return signed_in;
}

Result<void> OpenIdConnect::record_in(sql::Session& session, const SignedIn& signed_in, const Identity& identity,
                                      const Occasion& occasion) {
  const std::string target = "/users/" + signed_in.principal;
  resources::AuditEntry entry{.caller = {.principal = signed_in.principal,
                                         .only_workspace = {},
                                         .token_id = identity.token_id,
                                         .request_id = occasion.request_id},
                              .action = "organisation/manage",
                              .operation = "create user",
                              .workspace = {},
                              .target = target,
                              .decision = {true, "identity provider"},
                              .detail = {{"issuer", identity.issuer}, {"subject", identity.subject}}};
  if (signed_in.is_new)
    CICLO_CHECK(parts_.service.record_in(session, entry,
                                         {.type = "ciclo.user.created",
                                          .source = "/",
                                          .subject = target,
                                          .workspace = {},
                                          .actor = signed_in.principal,
                                          .data = {{"issuer", identity.issuer}}}));
  if (signed_in.groups_have_changed) {
    entry.operation = "set groups";
    entry.detail = {{"claims", identity.groups.value_or(std::vector<std::string>())}};
    CICLO_CHECK(parts_.audit.record(session, entry));
  }
  if (occasion.how.empty()) return {};
  entry.operation = "sign in";
  entry.detail = {{"how", occasion.how}};
  return parts_.audit.record(session, entry);
}

Result<OpenIdConnect::Exchanged> OpenIdConnect::exchange(const std::string& id_token, const std::string& request_id) {
  const TimePoint now = parts_.clock.now();
  CICLO_TRY(const SignedToken token, parse_token(id_token));
  CICLO_CHECK(check_id_token(token, settings_.rules(), {}, now));
  CICLO_CHECK(provider_.verify(token));
  CICLO_TRY(const Identity identity, identity_of(token, settings_.claims));
  if (identity.issued_at + exchange_window < now)
    return fail(ErrorCode::unauthenticated, "the ID token is older than 10 minutes", {}, "sign in again");
  Exchanged out{.expires_at = now + token_life};
  const auto mint = [&](sql::Session& session, const std::string& principal) -> Result<void> {
    CICLO_CHECK(use_once(session, id_token, identity, now));
    CICLO_TRY(out.token, parts_.identity.mint_in(session, {.principal = principal,
                                                           .purpose = fmt::format("sign-in by {}", device_code),
                                                           .only_workspace = {},
                                                           .expires_at = out.expires_at}));
    return {};
  };
  CICLO_TRY(out.principal, admit(identity, {.how = std::string(device_code), .request_id = request_id, .then = mint}));
  return out;
}

Result<void> OpenIdConnect::remove_link_in(sql::Session& session, const std::string& principal) {
  CICLO_CHECK(people_.remove_in(session, principal));
  session.after_commit([this] { authenticator_.forget(); });
  return {};
}

}  // namespace ciclo::administration::oidc
