#include "outer_loop/endpoints/deployment_secrets.hpp"

#include <algorithm>

namespace ciclo::outer_loop {
namespace {

std::string as_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

}  // namespace

Result<void> add_variables(const administration::Vault* vault, const PreparationRequest& request, Json& variables,
                           Json& entry) {
  Json secret = Json::object();
  for (const auto& [name, value] : member(request.spec, "environment_variables").items()) {
    const std::string text = as_text(value);
    if (administration::mentions_secret(text)) secret[name] = text;
    else variables[name] = text;
  }
  if (!variables.empty()) entry["environment_variables"] = variables;
  if (secret.empty()) return {};
  if (vault == nullptr) return fail(ErrorCode::unsupported, "this server has no vault for the deployment's secrets");
  const std::string workspace = request.key.workspace;
  CICLO_CHECK(vault->parts().database.read([&](sql::Session& session) -> Result<void> {
    for (auto& [name, text] : secret.items()) {
      CICLO_TRY(text, administration::pin_secrets(session, workspace, text.get<std::string>()));
    }
    return {};
  }));
  resources::Caller caller;
  caller.principal = request.requested_by;
  // Opened and wiped: it tells whether they may be read, and leaves the audit rows of who had them used.
  auto used = vault->use({caller, workspace, secret, request.key.path()});
  if (!used) return Failure(used.error().add_context("the deployment's secrets could not be read"));
  entry["secret_variables"] = std::move(secret);
  return {};
}

WipedText secrets_for(const administration::Vault* vault, const Json& config, const resources::ResourceKey& endpoint,
                      log::Logger& logger) {
  WipedText out;
  if (vault == nullptr) return out;
  std::vector<std::string> known;
  for (const Json& entry : member(config, "deployments")) {
    for (const auto& [name, value] : member(entry, "secret_variables").items()) {
      const std::string text = as_text(value);
      if (std::ranges::find(known, text) != known.end()) continue;
      known.push_back(text);
      const Json one = {{text, text}};
      const auto used = vault->use({resources::Caller::system(), endpoint.workspace, one, endpoint.path()});
      if (!used) {
        logger.warning("endpoints", "a deployment's secret cannot be opened",
                       {{"endpoint", endpoint.path()}, {"variable", name}, {"error", used.error().message}});
        continue;
      }
      for (const auto& [reference, whole] : used->variables) append_private_pair(out.get(), reference, whole);
      for (const std::string& hidden : used->values) append_private_pair(out.get(), "", hidden);
    }
  }
  return out;
}

}  // namespace ciclo::outer_loop
