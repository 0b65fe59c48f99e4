#include "outer_loop/gates/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::array<ApprovalState, 6> all_states = {ApprovalState::checking, ApprovalState::pending,
                                                     ApprovalState::approved, ApprovalState::rejected,
                                                     ApprovalState::failed,   ApprovalState::expired};
constexpr std::chrono::days usual_life{7};

struct Step {
  ApprovalState from;
  ApprovalAct act;
  ApprovalState to;
};
constexpr std::array<Step, 6> steps = {{{ApprovalState::checking, ApprovalAct::pass_checks, ApprovalState::pending},
                                        {ApprovalState::checking, ApprovalAct::fail_checks, ApprovalState::failed},
                                        {ApprovalState::checking, ApprovalAct::lapse, ApprovalState::expired},
                                        {ApprovalState::pending, ApprovalAct::approve, ApprovalState::approved},
                                        {ApprovalState::pending, ApprovalAct::reject, ApprovalState::rejected},
                                        {ApprovalState::pending, ApprovalAct::lapse, ApprovalState::expired}}};

}  // namespace

std::string_view name_of(ApprovalState state) {
  switch (state) {
    case ApprovalState::checking: return "checking";
    case ApprovalState::pending: return "pending";
    case ApprovalState::approved: return "approved";
    case ApprovalState::rejected: return "rejected";
    case ApprovalState::failed: return "failed";
    case ApprovalState::expired: return "expired";
  }
  return "failed";
}

ApprovalState approval_state_named(std::string_view name) {
  for (const ApprovalState state : all_states)
    if (name_of(state) == name) return state;
  return ApprovalState::failed;
}

Result<ApprovalState> after(ApprovalState state, ApprovalAct act) {
  for (const Step& step : steps)
    if (step.from == state && step.act == act) return step.to;
  return fail(ErrorCode::conflict, fmt::format("the approval is {}", name_of(state)), {},
              state == ApprovalState::checking ? "wait until its checks are done" : "ask for a new one");
}

Result<void> may_decide(const Voter& voter) {
  constexpr std::string_view hint = "four eyes: somebody else decides";
  if (voter.principal == voter.model_created_by)
    return fail(ErrorCode::denied, fmt::format("'{}' made this model version", voter.principal), {}, std::string(hint));
  if (voter.principal == voter.requested_by) {
    return fail(ErrorCode::denied,
                fmt::format("'{}' asked for this promotion, or owns the trigger that did", voter.principal), {},
                std::string(hint));
  }
  if (std::ranges::find(voter.approved_by, voter.principal) != voter.approved_by.end())
    return fail(ErrorCode::conflict, fmt::format("'{}' has approved already", voter.principal));
  return {};
}

Result<TimePoint> expiry_of(std::string_view expires, TimePoint now) {
  if (expires.empty()) return now + usual_life;
  if (const auto time = parse_rfc3339(expires)) {
    if (*time > now) return *time;
    return fail(ErrorCode::invalid, "the time is past already", "/expires");
  }
  const auto duration = parse_duration(expires);
  if (duration && duration->count() > 0) return now + *duration;
  return fail(ErrorCode::invalid, fmt::format("'{}' is neither a duration nor a time", expires), "/expires",
              "write P7D, PT12H or 2030-01-31T12:00:00Z");
}

}  // namespace ciclo::outer_loop
