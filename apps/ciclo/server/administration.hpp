// Everything of src/administration, wired: who people are, what they may do, their secrets, and what was decided.
//
// In two steps: resources are guarded by what open() makes, and the rest stands on resources.
//
// Thread safety: open(), build_on(), add_routes() and guard() on one thread, before anything is served; the parts are
// safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "administration/access/activation.hpp"
#include "administration/access/groups.hpp"
#include "administration/audit/audit_log.hpp"
#include "administration/guard.hpp"
#include "administration/handlers.hpp"
#include "administration/link_authenticator.hpp"
#include "administration/oidc/openid_connect.hpp"
#include "administration/secrets/vault.hpp"
#include "administration/sign_in/basic_authenticator.hpp"
#include "administration/sign_in/session_authenticator.hpp"
#include "administration/sign_in/sign_in.hpp"
#include "platform/http/client.hpp"
#include "platform/http/router.hpp"
#include "resources/kind.hpp"
#include "server/settings.hpp"

namespace ciclo::server {

class ProviderGroups;
class StudioSessions;

// In the order of construction; each part may use those above it.
struct Administration {
  struct Base {
    const Settings& settings;
    const Folders& folders;
    const Clock& clock;
    log::Logger& logger;
    sql::Database& database;
    administration::KnownValues& known_secrets;
  };
  explicit Administration(Base given);
  ~Administration();

  Result<void> open(const resources::KindTable& kinds);
  // `url`: the server's own; asked for once it listens.
  void build_on(resources::ResourceService& service, std::function<std::string()> url);
  Result<void> add_routes(http::Router& router) const;
  // What the routes of administration stand on; build_on() must have been called.
  administration::AdministrationParts parts() const;
  http::Guard& guard(resources::ConcernFinder& concerns);
  // Disabled, or gone.
  bool is_barred(const std::string& principal) const;

  Base base;
  std::optional<administration::Sealer> sealer;
  std::unique_ptr<administration::AccessService> access;
  std::unique_ptr<administration::IdentityService> identity;
  std::unique_ptr<administration::AuditLog> audit;
  std::unique_ptr<administration::Vault> vault;

  resources::ResourceService* service = nullptr;
  // Set before the routes are added: see AdministrationParts.
  std::function<Result<std::string>(sql::Session&, const std::string& workspace, const std::string& subject)>
      find_resource;
  std::unique_ptr<administration::Groups> groups;
  std::unique_ptr<administration::Activations> activations;
  std::unique_ptr<administration::ActivationController> activation_ends;

  std::unique_ptr<administration::Sessions> sessions;
  std::unique_ptr<administration::PasswordHasher> hasher;
  std::unique_ptr<administration::SignIn> sign_in;

  std::unique_ptr<http::Client> provider_client;
  std::unique_ptr<ProviderGroups> provider_groups;
  std::unique_ptr<StudioSessions> studio_sessions;
  std::unique_ptr<administration::oidc::OpenIdConnect> openid;  // null without an identity provider

  std::unique_ptr<administration::BasicAuthenticator> by_password;
  std::optional<tokens::LinkKey> link_key;  // from open() on
  std::unique_ptr<administration::LinkAuthenticator> by_link;
  std::unique_ptr<administration::TokenAuthenticator> by_token;
  std::unique_ptr<administration::SessionAuthenticator> by_session;
  std::unique_ptr<administration::AccessGuard> door;

 private:
  void build_sign_in();
  void build_openid(std::function<std::string()> url);
};

}  // namespace ciclo::server
