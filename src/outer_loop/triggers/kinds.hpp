// The kind `trigger`.
#pragma once

#include "resources/kind.hpp"

namespace ciclo::outer_loop {

// Its check remembers in status whose rights the trigger runs with (`owner`, and `owner_workspace` when the credential
// was cut to one) and since when it is on (`enabled_since`): the last person who changed its spec. It refuses what that
// person may not do, so that nobody gains rights by a trigger.
resources::Kind trigger_kind();

// Who a trigger, or anything else with an owner in its status, acts as.
resources::Caller owner_of(const resources::Resource& resource);
// Remembers the caller of a change for owner_of().
void remember_owner(resources::Draft& draft, const resources::Caller& caller);

}  // namespace ciclo::outer_loop
