// The statements that only an import needs, beside the stores: ids, numbers and times that were given elsewhere. The
// only file of the import that holds SQL.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"
#include "inner_loop/evaluation/scorer_store.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::evaluation {

class ImportStore {
 public:
  struct Scorer {
    std::int64_t number = 0;
    std::string id;
    std::int64_t versions = 0;  // how many; none where each was deleted by its number
  };
  Result<std::optional<Scorer>> find_scorer(sql::Session& session, const ScorerRef& ref) const;
  // Gives it `id`, or a new one when another scorer of the workspace has that. The name must be free, and a version
  // must follow.
  Result<Scorer> insert_scorer(sql::Session& session, const ScorerRef& ref, const std::string& id) const;
  // False, and nothing done, when the scorer has that version.
  Result<bool> add_version(sql::Session& session, const ScorerVersion& version) const;
  // "" when there is no such version.
  Result<std::string> text_of(sql::Session& session, const ScorerVersion& version) const;
  // False, and nothing done, when the scorer has one.
  Result<bool> add_online(sql::Session& session, const Scorer& scorer, const OnlineScoring& online) const;
};

}  // namespace ciclo::evaluation
