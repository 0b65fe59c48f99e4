// To which experiment a place among the artifacts belongs.
//
// Thread safety: pure function of the session's state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// The experiment whose artifact location holds the blob or folder `key` ("dev/mlflow/3/<run>/artifacts"); nothing when
// none does, or when another experiment's location lies within that folder. Of locations within one another the inner
// one counts; of equal ones, that which is an experiment's by its id ("mlflow-artifacts:/3"), then the oldest.
Result<std::optional<std::int64_t>> artifact_owner(sql::Session& session, const std::string& workspace,
                                                   const std::string& key);

}  // namespace ciclo::tracking
