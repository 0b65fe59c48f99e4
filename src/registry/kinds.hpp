// The kind `model`: a versioned asset. Its container is MLflow's registered model, its labels are MLflow's aliases, its
// tags are the version's tags; MLflow's stage and run are in status.
//
// Thread safety: the functions of a Kind are called from any thread.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "registry/inspector.hpp"
#include "resources/kind.hpp"

namespace ciclo::registry {

// `inspector` must outlive the kind. It may be null for programs that only need the table (the command line): then
// nothing is looked up.
resources::Kind model_kind(const ModelInspector* inspector);

// 1–255 characters, wider than other resources' names as MLflow's users have them, without / : @ and control
// characters.
Result<void> check_model_name(std::string_view name);

// A version that MLflow uses for text, not for a model folder: nothing lies at its source.
bool is_prompt(const Json& tags);
inline constexpr std::string_view prompt_tag = "mlflow.prompt.is_prompt";

}  // namespace ciclo::registry
