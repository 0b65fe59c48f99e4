// Who asks, and the three judgements that resources need and administration gives.
//
// Thread safety: implementations are safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/message.hpp"
#include "platform/http/router.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::resources {

struct Caller {
  std::string principal;  // "maria", "system"
  // When set, the credential is good in this workspace alone (a job's token).
  std::string only_workspace;
  // When set, what is done must be allowed to this principal too (a job with an identity of its own never exceeds who
  // submitted it).
  std::string on_behalf_of = {};
  // When not empty, the credential is good for actions that match one of these patterns alone ("*/read").
  std::vector<std::string> only_actions = {};
  std::string token_id;    // which credential; for audit
  std::string request_id;  // of the HTTP request; empty inside the server

  // The server's own controllers. Allowed everything; audited as "system".
  static Caller system();
  bool is_system() const { return principal == "system"; }
  // Whose doing it is: the one that an identity acts for, else the principal itself.
  const std::string& accountable() const { return on_behalf_of.empty() ? principal : on_behalf_of; }
};

// A caller as a resource remembers it, {"principal", "workspace", "on_behalf_of", "actions"}, so that what runs for it
// later may never do more than the credential it came with.
Json remember(const Caller& caller);
Caller recall(const Json& remembered);

// The caller that the Guard found. Handlers of Access::required routes always have one.
const Caller& caller_of(const http::Request& request);

struct Decision {
  bool allowed = false;
  std::string rule;  // the role assignment or rule that decided, for the audit row and the error
};

// Where something is done: in a workspace, or (empty) in the organisation; and, when it concerns a single resource,
// which one: ResourceKey::subject(), "online-endpoint/weather".
struct Place {
  std::string_view workspace;
  std::string_view resource = {};
  Place(std::string_view in_workspace, std::string_view on_resource = {})  // NOLINT(google-explicit-constructor)
      : workspace(in_workspace), resource(on_resource) {}
  Place(const std::string& in_workspace) : workspace(in_workspace) {}  // NOLINT(google-explicit-constructor)
  Place(const char* in_workspace) : workspace(in_workspace) {}         // NOLINT(google-explicit-constructor)
};

// On which resources of a kind a caller may do something: on all of them, or on those named alone.
struct Reach {
  bool everything = false;
  std::vector<std::string> names = {};  // ids of experiments, names of models; in order, none twice

  bool is_empty() const { return !everything && names.empty(); }
  bool covers(std::string_view name) const;
};

// How far a caller reaches that came in by roles on single resources alone, by kind ("experiment").
using Limits = std::map<std::string, Reach, std::less<>>;

// What a search of that kind may show to who sent the request: everything, unless the Guard let them in by roles on
// single resources. To be put into the query, so that pages stay full.
Reach reach_of(const http::Request& request, std::string_view kind);

// Actions are "<component>/[<part>/]<read|write|manage|use>", components as in the access tables: workspace, secrets,
// images, storage, automation, packages, logs, monitor; and "organisation" for what lies above workspaces. All of them
// stand in administration/access/actions.hpp.
class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  // A pure function of the caller, the current assignments and the time.
  virtual Decision decide(const Caller& caller, std::string_view action, const Place& place) const = 0;
  // Whether the caller may know that there is such a workspace: it holds any role in it.
  virtual bool may_know(const Caller& caller, const Place& place) const {
    return decide(caller, "workspace/read", place).allowed;
  }
  // The names N for which decide(…, {workspace, "<kind>/N"}) allows it; `everything` when it is allowed in the whole
  // workspace.
  virtual Reach reach(const Caller& caller, std::string_view action, std::string_view workspace,
                      std::string_view /*kind*/) const {
    return {.everything = decide(caller, action, workspace).allowed};
  }
};

// One thing that a request concerns, as access sees it.
struct Concerned {
  std::string subject;  // "experiment/3", "model/weather"; empty: there is no such thing
  std::string action;   // what must be allowed on it
  Error missing;        // said alike of what is not there and of what the caller may not see
};

// Finds out what a request concerns (http::Route::concerns). Implemented by the dialects' modules.
class ConcernFinder {
 public:
  virtual ~ConcernFinder() = default;
  // Fails as the handler would when the request is malformed.
  virtual Result<std::vector<Concerned>> find(const http::Route& route, const http::Request& request,
                                              const std::string& workspace) = 0;
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
Result<Decision> require(const AccessPolicy& policy, const Caller& caller, std::string_view action, const Place& place);

}  // namespace ciclo::resources
