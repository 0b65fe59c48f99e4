// What must hold before a job, a component or an environment is taken: everything it refers to is there, and every
// expression in it has a meaning. Called in the transaction that creates it; errors point at the place.
//
// Thread safety: plain functions.
#pragma once

#include <string>

#include "base/error.hpp"
#include "data_estate/locations.hpp"
#include "inner_loop/jobs/graph.hpp"
#include "resources/kind.hpp"

namespace ciclo::inner_loop {

// The document of a component as a resource keeps it, with its name and version.
Json component_document(const resources::Resource& component);

// Looks components up in the transaction of a check. `context` must outlive the resolver.
ComponentResolver component_resolver(const resources::CheckContext& context, const std::string& workspace);

// `locations` may be null: then inputs are not looked up.
Result<void> admit_job(const resources::CheckContext& context, resources::Draft& draft,
                       const data_estate::Locations* locations);
Result<void> admit_component(const resources::CheckContext& context, resources::Draft& draft);
Result<void> admit_environment(const resources::CheckContext& context, resources::Draft& draft);

}  // namespace ciclo::inner_loop
