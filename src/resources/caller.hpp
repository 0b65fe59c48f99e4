// Who asks, and the three judgements that resources need and administration gives.
//
// Thread safety: implementations are safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/message.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::resources {

struct Caller {
  std::string principal;  // "maria", "system"
  // When set, the credential is good in this workspace alone (a job's token).
  std::string only_workspace;
  std::string token_id;    // which credential; for audit
  std::string request_id;  // of the HTTP request; empty inside the server

  // The server's own controllers. Allowed everything; audited as "system".
  static Caller system();
  bool is_system() const { return principal == "system"; }
};

// The caller that the Guard found. Handlers of Access::required routes always have one.
const Caller& caller_of(const http::Request& request);

struct Decision {
  bool allowed = false;
  std::string rule;  // the role assignment or rule that decided, for the audit row and the error
};

// Actions are "<component>/<read|write|manage>", components as in the access tables: workspace, secrets, images,
// storage, automation, packages, logs, monitor; and "organisation" for what lies above workspaces.
class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  // A pure function of the caller and the current assignments. `workspace` is empty for the organisation.
  virtual Decision decide(const Caller& caller, std::string_view action, std::string_view workspace) const = 0;
};

struct AuditEntry {
  Caller caller;
  std::string action;     // "storage/write"
  std::string operation;  // "create", "update", "delete", "archive", …
  std::string workspace;
  std::string target;  // ResourceKey::path()
  Decision decision;
  Json detail = Json::object();  // never the spec itself
};

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Within the transaction of the change it tells of.
  virtual Result<void> record(sql::Session& session, const AuditEntry& entry) = 0;
};

// Ok when allowed; else denied, or not_found when the caller may not even know of the workspace.
Result<Decision> require(const AccessPolicy& policy, const Caller& caller, std::string_view action,
                         std::string_view workspace);

}  // namespace ciclo::resources
