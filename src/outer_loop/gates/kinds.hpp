// The kind `approval`: a request to bring a model version into the workspace it lies in. Its spec never changes.
// Status:
//
//   state                checking, pending, approved, rejected, failed, expired
//   subject_model        {"workspace","name","version"}: what `subject` meant when it was asked
//   requested_by, model_created_by   who may not decide
//   approvers_required, expires_at
//   checks[]             {"name","status","value","threshold","evidence"}
//   approvals[]          {"by","at","comment"}
//   decided_by, decided_at, comment
//   copy                 {"path","key"}: the model's bytes, brought here already, while it is pending
//   promoted             "azureml:weather:1": the version it became
//
// Thread safety: the functions of a Kind are called from any thread.
#pragma once

#include "resources/kind.hpp"

namespace ciclo::outer_loop {

resources::Kind approval_kind();

resources::ResourceKey approval_key(const std::string& workspace, const std::string& name);
// The model version an approval is about.
resources::ResourceKey subject_of(const resources::Resource& approval);
int approvers_required(const resources::Resource& approval);

}  // namespace ciclo::outer_loop
