// The life of an approval, as pure functions:
//
//   checking ──checks pass──▶ pending ──enough approvals──▶ approved
//      │                         ├──a rejection──▶ rejected
//      └──a check fails──▶ failed└──time is over──▶ expired     (checking expires too)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo::outer_loop {

enum class ApprovalState : std::uint8_t { checking, pending, approved, rejected, failed, expired };
std::string_view name_of(ApprovalState state);
// Unknown text counts as failed: nothing is promoted from a state that nobody knows.
ApprovalState approval_state_named(std::string_view name);

enum class ApprovalAct : std::uint8_t { pass_checks, fail_checks, approve, reject, lapse };
// Fails with conflict, saying what the approval is, when the act does not fit.
Result<ApprovalState> after(ApprovalState state, ApprovalAct act);

// Who decides, and about what.
struct Voter {
  std::string principal;
  std::string requested_by;              // asked for the promotion, or owns the trigger that did
  std::string model_created_by;          // made the model version
  std::vector<std::string> approved_by;  // so far
};
// Four eyes: denied to who made the model version or asked for its promotion; conflict for who approved already.
Result<void> may_decide(const Voter& voter);

// `expires` as a document has it: a duration from `now` on, or a time; empty: seven days. Fails with invalid at
// /expires.
Result<TimePoint> expiry_of(std::string_view expires, TimePoint now);

}  // namespace ciclo::outer_loop
