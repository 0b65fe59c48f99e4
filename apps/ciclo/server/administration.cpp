#include "server/administration.hpp"

#include "administration/audit/handlers.hpp"
#include "administration/handlers.hpp"
#include "administration/oidc/handlers.hpp"
#include "administration/secrets/handlers.hpp"
#include "administration/sign_in/handlers.hpp"
#include "server/schema.hpp"

namespace ciclo::server {

using namespace administration;

// The provider's group claims become memberships of the product's groups.
class ProviderGroups final : public oidc::ExternalGroups {
 public:
  explicit ProviderGroups(Groups& groups) : groups_(groups) {}
  Result<void> set_in(sql::Session& session, const std::string& principal,
                      const std::vector<std::string>& claims) override {
    return groups_.set_external_in(session, principal, claims);
  }

 private:
  Groups& groups_;
};

// Who comes from the provider has the same session as who gave a password.
class StudioSessions final : public oidc::SessionOpener {
 public:
  StudioSessions(sql::Database& database, Sessions& sessions) : database_(database), sessions_(sessions) {}
  Result<std::vector<std::string>> open_in(sql::Session& session, const std::string& principal,
                                           const std::string& how) override {
    return sessions_.open_in(session, principal, how);
  }
  Result<std::vector<std::string>> end(const http::Request& request) override {
    return database_.write([&](sql::Session& session) { return sessions_.close_in(session, request.headers); });
  }

 private:
  sql::Database& database_;
  Sessions& sessions_;
};

Administration::Administration(Base given) : base(given) {}
Administration::~Administration() = default;

Result<void> Administration::open(const resources::KindTable& kinds) {
  CICLO_TRY(auto master_key, open_master_key(base.database, base.settings, base.clock));
  sealer.emplace(std::move(master_key));
  link_key.emplace(sealer->derived_key("signed links"));
  access = std::make_unique<AccessService>(base.database, base.clock);
  access->set_component_of_kind([&kinds](std::string_view kind) {
    const auto* found = kinds.find(kind);
    return found == nullptr ? std::string("workspace") : found->component;
  });
  identity = std::make_unique<IdentityService>(base.database, base.clock);
  const std::string place = sealed_place("audit_keys", "sealed", {"1"});
  const KeySealing sealing{
      .seal = [this, place](std::string_view secret) { return sealer->seal(secret, place); },
      .open = [this, place](std::string_view sealed) { return sealer->open_sealed(sealed, place); }};
  const auto on_failure = [this](std::string_view failure) {
    base.logger.error("audit", "the audit log cannot take decisions in", {{"error", failure}});
  };
  CICLO_TRY(audit, AuditLog::open({base.database, base.clock, sealing, base.folders.audit, on_failure}));
  vault =
      std::make_unique<Vault>(Vault::Parts{base.database, *sealer, *access, *audit, base.known_secrets, base.clock});
  return {};
}

void Administration::build_on(resources::ResourceService& resources, std::function<std::string()> url) {
  service = &resources;
  groups = std::make_unique<Groups>(*access, *identity, *service);
  activations = std::make_unique<Activations>(*access, *service);
  activation_ends = std::make_unique<ActivationController>(*activations);
  build_sign_in();
  build_openid(std::move(url));
}

void Administration::build_sign_in() {
  Sessions::Settings session_settings;
  session_settings.is_secure = base.settings.tls.has_value() || base.settings.public_url.starts_with("https:");
  sessions = std::make_unique<Sessions>(base.database, base.clock, session_settings);
  hasher = std::make_unique<PasswordHasher>(PasswordHasher::Settings());
  sign_in = std::make_unique<SignIn>(
      SignIn::Parts{*service, *identity, *sealer, *sessions, *hasher,
                    [this](const resources::Caller& caller, const std::string& user) -> Result<void> {
                      CICLO_CHECK(require_may_act_for(*access, caller, user));
                      return {};
                    }},
      SignIn::Settings{base.settings.sign_in_life});
}

void Administration::build_openid(std::function<std::string()> url) {
  if (!base.settings.oidc) return;
  provider_client = std::make_unique<http::Client>(oidc::client_settings(*base.settings.oidc));
  provider_groups = std::make_unique<ProviderGroups>(*groups);
  studio_sessions = std::make_unique<StudioSessions>(base.database, *sessions);
  const std::string& public_url = base.settings.public_url;
  openid = std::make_unique<oidc::OpenIdConnect>(
      *base.settings.oidc,
      oidc::OpenIdConnect::Parts{
          .database = base.database,
          .identity = *identity,
          .audit = *audit,
          .service = *service,
          .sessions = *studio_sessions,
          .groups = provider_groups.get(),
          .clock = base.clock,
          .logger = base.logger,
          .public_url = [&public_url, url = std::move(url)] { return public_url.empty() ? url() : public_url; },
          .send = [this](const http::ClientRequest& request) { return provider_client->send(request); }});
}

AdministrationParts Administration::parts() const {
  return {*identity,
          *access,
          *groups,
          *activations,
          *service,
          [this](sql::Session& session, const std::string& user) { return sign_in->end_all_in(session, user); },
          find_resource};
}

Result<void> Administration::add_routes(http::Router& router) const {
  CICLO_CHECK(add_administration_routes(router, parts()));
  CICLO_CHECK(add_audit_routes(router, *audit));
  CICLO_CHECK(add_secret_routes(router, {*vault, *service}));
  CICLO_CHECK(add_sign_in_routes(router, {*sign_in, base.settings.public_url}));
  CICLO_CHECK(add_account_routes(router, *sign_in));
  return oidc::add_sign_in_routes(router, {.openid = openid.get(),
                                           .database = base.database,
                                           .identity = *identity,
                                           .service = *service,
                                           .takes_passwords = true});
}

bool Administration::is_barred(const std::string& principal) const {
  const auto user =
      base.database.read([&](sql::Session& session) { return identity->get_user_in(session, principal); });
  return user ? user->is_disabled : user.error().code == ErrorCode::not_found;
}

http::Guard& Administration::guard(resources::ConcernFinder& concerns) {
  if (door) return *door;
  by_password = std::make_unique<BasicAuthenticator>(*sign_in);
  by_link = std::make_unique<LinkAuthenticator>(
      *link_key, [this](const std::string& principal) { return is_barred(principal); }, base.clock);
  by_token = std::make_unique<TokenAuthenticator>(*identity);
  by_session = std::make_unique<SessionAuthenticator>(*sessions, base.settings.public_url);
  // The provider's tokens first: they are told by their form, and what is none of them falls to the server's own.
  std::vector<Authenticator*> authenticators{by_link.get()};
  if (openid) authenticators.push_back(&openid->authenticator());
  authenticators.push_back(by_password.get());
  authenticators.push_back(by_token.get());
  authenticators.push_back(by_session.get());
  door = std::make_unique<AccessGuard>(AccessGuard::Parts{std::move(authenticators), *access, *audit, base.logger,
                                                          base.settings.default_workspace, &concerns});
  return *door;
}

}  // namespace ciclo::server
