// What a deployment is made of: which model version, files and environment its spec means now. Looked up in the
// transaction that writes the deployment, and kept in its status, so that a label that moves later changes nothing.
//
// Access: the caller may read the workspace the model lies in.
// Thread safety: works in the session it is handed.
#pragma once

#include "base/error.hpp"
#include "data_estate/locations.hpp"
#include "resources/kind.hpp"

namespace ciclo::outer_loop {

// Sets the fields of status that kinds.hpp lists. Errors: not_found, invalid (a model outside this server), denied;
// targets are pointers into the spec.
Result<void> resolve_sources(const resources::CheckContext& context, const data_estate::Locations& locations,
                             resources::Resource& deployment);

// The model version that a reference means; the caller must be allowed to read its workspace.
struct ModelReference {
  std::string workspace;  // where the reference is used
  std::string text;       // azureml:name:version, azureml:name@label, azureml://registries/…, /workspaces/…
};
Result<resources::Resource> find_model(const resources::CheckContext& context, const ModelReference& reference);

}  // namespace ciclo::outer_loop
