// Experiments and registered models as people name them, and as access keeps them.
//
// Thread safety: stateless; works in the session it is handed.
#pragma once

#include <string>

#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/store.hpp"

namespace ciclo::inner_loop {

// "experiment/3" and "experiment/churn" (an experiment's name; what is a number is an id) → "experiment/3";
// "model/weather" as it is. Fails with not_found when there is none, naming the nearest. Other kinds are not looked up.
Result<std::string> find_subject(sql::Session& session, const resources::ResourceStore& store,
                                 const std::string& workspace, const std::string& subject);

}  // namespace ciclo::inner_loop
