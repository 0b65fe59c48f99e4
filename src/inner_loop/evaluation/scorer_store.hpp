// The bytes of scorers: tables scorers, scorer_versions and scorer_online.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/evaluation/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::evaluation {

struct ScorerRef {
  std::string workspace;
  std::int64_t experiment_id = 0;
  std::string name;
};

class ScorerStore {
 public:
  // The next version: 1 for a new name.
  Result<ScorerVersion> add(sql::Session& session, const ScorerRef& ref, const std::string& serialized,
                            std::int64_t now) const;
  // The newest of every name in these experiments, by experiment and name.
  Result<std::vector<ScorerVersion>> newest(sql::Session& session, const std::string& workspace,
                                            const std::vector<std::int64_t>& experiment_ids) const;
  // Oldest first. Fails with not_found.
  Result<std::vector<ScorerVersion>> versions(sql::Session& session, const ScorerRef& ref) const;
  // The newest without a version. Fails with not_found.
  Result<ScorerVersion> get(sql::Session& session, const ScorerRef& ref, std::optional<std::int64_t> version) const;
  // All of them without a version. Fails with not_found.
  Result<void> remove(sql::Session& session, const ScorerRef& ref, std::optional<std::int64_t> version) const;
  // All of an experiment that is deleted for good.
  Result<void> purge(sql::Session& session, const std::string& workspace, std::int64_t experiment_id) const;

  // Fails with not_found when there is no such scorer.
  Result<OnlineScoring> put_online(sql::Session& session, const ScorerRef& ref, const std::string& filter) const;
  // Of those of these scorers that have one.
  Result<std::vector<OnlineScoring>> online(sql::Session& session, const std::string& workspace,
                                            const std::vector<std::string>& scorer_ids) const;
};

}  // namespace ciclo::evaluation
