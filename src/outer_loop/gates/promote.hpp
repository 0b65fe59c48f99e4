// The decision on an approval, in one transaction: the approval's new state, and when it is approved the model version
// in the workspace, its lineage, its label and the events. A kill at any moment leaves all of it or nothing.
//
// Thread safety: works in the session it is handed.
#pragma once

#include <string>

#include "base/error.hpp"
#include "outer_loop/gates/evaluation.hpp"
#include "registry/promotion.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

inline constexpr std::string_view champion_label = "champion";

struct PromotionParts {
  resources::ResourceService& service;
  registry::Promoter& promoter;
  registry::ModelLocator& locator;
};

struct GateOutcome {
  std::vector<CheckResult> checks;
  std::optional<registry::CopiedModel> copy;  // when they pass
};
// The end of the checks: pending, failed, or, when nobody needs to be asked, approved at once. Conflict when the
// approval is not being checked any more.
Result<resources::Resource> conclude_checks_in(sql::Session& session, const PromotionParts& parts,
                                               const resources::ResourceKey& approval, const GateOutcome& outcome);

struct Vote {
  resources::ResourceKey approval;
  resources::Caller caller;
  bool approves = false;
  std::string comment;
};
// A person's decision; approved once enough people agree. The rules are those of state.hpp.
Result<resources::Resource> vote_in(sql::Session& session, const PromotionParts& parts, const Vote& vote);

}  // namespace ciclo::outer_loop
