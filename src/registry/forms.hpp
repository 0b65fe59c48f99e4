// MLflow's JSON of the registry's nouns. Thread safety: pure functions.
#pragma once

#include "base/json.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {

Json to_json(const RegisteredModel& model);
// `container`: for the aliases of the version; null when they are not known.
Json to_json(const resources::Resource& version, const resources::Container* container = nullptr);

}  // namespace ciclo::registry
