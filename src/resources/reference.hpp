// References between resources as Azure ML writes them:
//   azureml:name:version   azureml:name@label   azureml:name   name:version   name@label   name
//   azureml://registries/R/models/N/versions/V          azureml://registries/R/models/N/labels/L
//   /workspaces/W/models/N/versions/V (as printed in `id`)
//
// Parsing is pure; looking the target up is ResourceService::resolve().
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::resources {

struct Reference {
  std::string workspace;  // empty: the one it is used in
  std::string name;
  std::string version;  // empty when a label is given, or neither
  std::string label;

  std::string text() const;  // "azureml:name:version"
};

// Fails with invalid, naming what is wrong with the text.
Result<Reference> parse_reference(std::string_view text);

// A resource name: 1–255 characters of letters, digits, '-', '_', '.', ' ' and none of them first but letters, digits
// and '_'. Also a version. MLflow's wider names (registered models) pass `check_model_name` in registry.
Result<void> check_name(std::string_view name, std::string_view what);

}  // namespace ciclo::resources
