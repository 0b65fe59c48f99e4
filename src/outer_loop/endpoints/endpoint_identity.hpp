// Managed identities of endpoints: with `identity: {type: system_assigned}` an endpoint is a principal of its own,
// "endpoint/<workspace>/<name>", which holds no role until an owner gives it one. Python deployments act as it by
// CICLO_TOKEN, CICLO_SERVER and CICLO_WORKSPACE in their environment.
//
// A token is made whenever the scorer is told its deployments, and is good in the endpoint's workspace alone; those of
// an earlier process end when a new one is started. It goes to the scorer as secrets do (deployment_secrets.hpp) and
// lies in no file.
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>
#include <string>

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "base/wipe.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

class EndpointIdentities {
 public:
  struct Parts {
    sql::Database& database;
    administration::IdentityService& identity;
    administration::AccessService& access;
    std::function<std::string()> server_url;
  };
  explicit EndpointIdentities(Parts parts) : parts_(std::move(parts)) {}

  static bool has_one(const resources::Resource& endpoint);
  static std::string principal_of(const resources::ResourceKey& endpoint);

  // The identity is there when the endpoint has one, and else nowhere, with its roles and tokens.
  Result<void> settle_in(sql::Session& session, const resources::Resource& endpoint) const;
  Result<void> forget_in(sql::Session& session, const resources::ResourceKey& endpoint) const;

  // What a deployment's entry of scorer.json says of it, as the endpoint is now: the variables, unless the deployment
  // sets them itself; the token's as a reference.
  void put_into(const resources::Resource& endpoint, Json& entry) const;
  enum class Tokens : std::uint8_t { one_more, first };  // first: a new process, those before are over
  // Adds a new token to the private pairs for the scorer, when the configuration refers to it.
  Result<void> add_token(const resources::ResourceKey& endpoint, const Json& config, Tokens tokens,
                         WipedText& pairs) const;

 private:
  Parts parts_;
};

}  // namespace ciclo::outer_loop
