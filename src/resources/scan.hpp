// Every resource there is, for the few who must look at all of them: what may be deleted for good because none uses it.
//
// Thread safety: stateless; works in the session it is handed.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/resource.hpp"

namespace ciclo::resources {

// Of every workspace and kind, in the order of creation, those made after the one of that sequence number.
Result<std::vector<Resource>> made_after(sql::Session& session, std::int64_t sequence, std::size_t limit);

}  // namespace ciclo::resources
