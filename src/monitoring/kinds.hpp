// The kind `schedule`: jobs and monitors at set times.
#pragma once

#include "monitoring/times/recurrence.hpp"
#include "resources/kind.hpp"

namespace ciclo::monitoring {

// Its check remembers whose rights it runs with (status.owner: who last changed it) and since when it is on
// (status.enabled_since), and refuses what that person may not do.
resources::Kind schedule_kind();

// The trigger of a stored schedule.
Result<ScheduleTrigger> trigger_of(const resources::Resource& schedule);
// The time between two of its firings around `time`; a day when it fires only once more.
Milliseconds interval_at(const ScheduleTrigger& trigger, TimePoint time);
bool is_enabled(const resources::Resource& schedule);

}  // namespace ciclo::monitoring
