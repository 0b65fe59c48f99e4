// The kind `trigger`.
#pragma once

#include "resources/kind.hpp"

namespace ciclo::outer_loop {

// Its check remembers in status whose rights the trigger runs with (`owner`: the last one who changed its spec, with
// the limits of the credential that was used) and since when it is on (`enabled_since`). It refuses what they may not
// do, so that nobody gains rights by a trigger.
resources::Kind trigger_kind();

// Who a trigger, or anything else with an owner in its status, acts as.
resources::Caller owner_of(const resources::Resource& resource);
// Remembers the caller of a change for owner_of().
void remember_owner(resources::Draft& draft, const resources::Caller& caller);

}  // namespace ciclo::outer_loop
