// Where a kind's resources lie on the server, from the options that name one.
#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/command.hpp"

namespace ciclo::cli {

// "/api/v1/workspaces/dev/models"; for deployments with the endpoint that --endpoint-name names.
Result<std::string> collection_path(Context& context, const resources::Kind& kind);
// One resource: --name, and for kinds with versions --version or --label (the newest without either).
Result<std::string> item_path(Context& context, const resources::Kind& kind);
// The same, when the name and version are known otherwise.
std::string item_path(const std::string& collection, const resources::Kind& kind, const std::string& name,
                      const std::string& version);

const resources::Kind& needed_kind(const Context& context, const char* name);

}  // namespace ciclo::cli
