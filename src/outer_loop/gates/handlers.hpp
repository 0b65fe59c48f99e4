// POST /api/v1/workspaces/{workspace}/approvals/{name}/approve and …/reject, with {"comment"}: the approval as it is
// then.
#pragma once

#include "base/error.hpp"
#include "outer_loop/gates/promote.hpp"
#include "platform/http/router.hpp"

namespace ciclo::outer_loop {

// What the parts refer to must outlive the router.
Result<void> add_approval_routes(http::Router& router, const PromotionParts& parts);

}  // namespace ciclo::outer_loop
