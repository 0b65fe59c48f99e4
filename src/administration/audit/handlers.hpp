// Routes of the audit log: list, export, verify, checkpoints, retention.
#pragma once

#include "administration/audit/audit_log.hpp"
#include "platform/http/router.hpp"

namespace ciclo::administration {

// `audit` must outlive the router.
Result<void> add_audit_routes(http::Router& router, AuditLog& audit);

}  // namespace ciclo::administration
