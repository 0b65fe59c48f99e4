#include "outer_loop/endpoints/endpoint_identity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/private_pairs.hpp"
#include "base/text.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr const char* token_variable = "CICLO_TOKEN";
constexpr const char* token_reference = "${{identity.token}}";

std::string purpose_of(const resources::ResourceKey& endpoint) {
  return fmt::format("endpoint {}/{}", endpoint.workspace, endpoint.name);
}

bool refers_to_token(const Json& entry) {
  return text_or(member(entry, "secret_variables"), token_variable) == token_reference;
}

void put_unless_there(Json& entry, const char* name, const std::string& value) {
  Json& variables = entry["environment_variables"];
  if (!variables.is_object()) variables = Json::object();
  if (!variables.contains(name)) variables[name] = value;
}

// Of an endpoint whose identity was taken away.
void take_out(Json& entry) {
  if (!refers_to_token(entry)) return;
  entry["secret_variables"].erase(token_variable);
  if (entry["secret_variables"].empty()) entry.erase("secret_variables");
}

}  // namespace

bool EndpointIdentities::has_one(const resources::Resource& endpoint) {
  const std::string type = replace_all(to_lower(text_or(member(endpoint.spec, "identity"), "type")), "_", "");
  return type == "systemassigned" || type == "managed";
}

std::string EndpointIdentities::principal_of(const resources::ResourceKey& endpoint) {
  return fmt::format("endpoint/{}/{}", endpoint.workspace, endpoint.name);
}

Result<void> EndpointIdentities::settle_in(sql::Session& session, const resources::Resource& endpoint) const {
  if (!has_one(endpoint)) return forget_in(session, endpoint.key);
  return parts_.identity.ensure_managed_in(
      session, principal_of(endpoint.key),
      fmt::format("Identity of endpoint '{}' in workspace '{}'", endpoint.key.name, endpoint.key.workspace));
}

Result<void> EndpointIdentities::forget_in(sql::Session& session, const resources::ResourceKey& endpoint) const {
  const std::string principal = principal_of(endpoint);
  const auto known = parts_.identity.get_user_in(session, principal);
  if (!known) return known.error().code == ErrorCode::not_found ? Result<void>() : Failure(known.error());
  CICLO_CHECK(parts_.access.store().erase_principal(session, principal));
  parts_.access.reload_after_commit(session);
  return parts_.identity.delete_user_in(session, principal);
}

void EndpointIdentities::put_into(const resources::Resource& endpoint, Json& entry) const {
  if (!has_one(endpoint)) return take_out(entry);
  if (member(entry, "environment_variables").contains(token_variable)) return;
  Json& secret = entry["secret_variables"];
  if (!secret.is_object()) secret = Json::object();
  if (secret.contains(token_variable)) return;
  secret[token_variable] = token_reference;
  put_unless_there(entry, "CICLO_SERVER", parts_.server_url());
  put_unless_there(entry, "CICLO_WORKSPACE", endpoint.key.workspace);
}

Result<void> EndpointIdentities::add_token(const resources::ResourceKey& endpoint, const Json& config, Tokens tokens,
                                           WipedText& pairs) const {
  if (std::ranges::none_of(member(config, "deployments"), refers_to_token)) return {};
  auto minted = parts_.database.write([&](sql::Session& session) -> Result<administration::MintedToken> {
    const std::string purpose = purpose_of(endpoint);
    if (tokens == Tokens::first) CICLO_CHECK(parts_.identity.revoke_purpose_in(session, purpose));
    return parts_.identity.mint_in(
        session, {.principal = principal_of(endpoint), .purpose = purpose, .only_workspace = endpoint.workspace});
  });
  if (!minted) return Failure(minted.error().add_context("the endpoint's identity has no token"));
  append_private_pair(pairs.get(), token_reference, minted->secret);
  append_private_pair(pairs.get(), "", minted->secret);
  wipe(minted->secret);
  return {};
}

}  // namespace ciclo::outer_loop
