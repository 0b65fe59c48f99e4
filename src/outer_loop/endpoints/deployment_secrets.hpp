// Secrets in the environment variables of deployments. scorer.json has the references, with versions; the values go to
// the scorer through a pipe or its control route, and are in no file.
//
// Thread safety: safe from any thread.
#pragma once

#include "administration/secrets/vault.hpp"
#include "base/wipe.hpp"
#include "outer_loop/endpoints/preparation.hpp"
#include "platform/log/log.hpp"

namespace ciclo::outer_loop {

// Puts the deployment's own variables into its entry: `environment_variables`, and `secret_variables` for those that
// refer to secrets, with versions. Whoever changed the deployment last must be allowed to read them now, and they must
// be there. Fails with unsupported without a vault.
Result<void> add_variables(const administration::Vault* vault, const PreparationRequest& request, Json& variables,
                           Json& entry);

// For the scorer that serves this configuration (scoring/secret_values.hpp); empty when it needs none, or there is no
// vault. A secret that cannot be opened is left out and logged: the scorer then says which variable lacks it.
WipedText secrets_for(const administration::Vault* vault, const Json& config, const resources::ResourceKey& endpoint,
                      log::Logger& logger);

}  // namespace ciclo::outer_loop
