// Finds what was changed in the audit log from outside: a column edited, rows removed, put in another order or added,
// the head, the checkpoint, the policy or the journal's place changed, the database put back to an older copy (as far
// as the witness file or a checkpoint that was kept elsewhere tells).
//
// It walks through the whole table in one snapshot, with the memory of a batch of rows.
//
// What it cannot find: an edit by somebody who has the audit log's key (the server's master key and the database), and
// a database put back together with the data folder when no checkpoint was kept elsewhere.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/audit/chain.hpp"
#include "administration/audit/checkpoint.hpp"

namespace ciclo::administration {

struct AuditFinding {
  std::string kind;  // "edited", "missing", "reordered", "added", "head", "checkpoint", "policy", "journal", "noted",
                     // "rolled_back"
  std::int64_t first = 0;  // rows it is about; 0: none
  std::int64_t last = 0;
  std::string message;
};

struct AuditReport {
  std::int64_t rows = 0;  // looked at
  std::int64_t first = 0;
  std::int64_t last = 0;
  AuditHead head;
  std::optional<AuditCheckpoint> checkpoint;  // where the walk began, when rows were removed by policy
  std::vector<AuditFinding> findings;         // the first hundred
  std::int64_t findings_total = 0;
  Milliseconds duration{};
  bool is_ok() const { return findings_total == 0; }
};
Json to_json(const AuditReport& report);

struct AuditEvidence {
  std::int64_t known = -1;  // AuditChain::known() before the walk
  std::optional<AuditHead> witness;
  bool witness_is_damaged = false;
  std::optional<AuditCheckpoint> kept_checkpoint;  // one that was kept elsewhere
};

Result<AuditReport> verify_audit_log(sql::Database& database, const AuditChain& chain, const AuditEvidence& evidence);

}  // namespace ciclo::administration
