// How long rows are kept. Rows older than the policy's days are removed from the front of the chain, in batches; each
// batch leaves a signed checkpoint from which `verify` goes on, and a row of its own, all in one transaction.
//
// A row goes only with all before it: one that was written late keeps those after it.
//
// Thread safety: safe from any thread.
#pragma once

#include "administration/audit/chain.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

class AuditRetention {
 public:
  AuditRetention(sql::Database& database, AuditChain& chain) : database_(database), chain_(chain) {}

  static constexpr std::int64_t max_days = 36'500;

  // 0: rows are kept for ever. Fails with internal when the stored policy was changed from outside.
  Result<std::int64_t> days();
  // Fails with invalid beyond 0 … max_days.
  Result<void> set(const resources::Caller& caller, std::int64_t days);
  // One batch; true when there may be more to remove.
  Result<bool> remove_batch();

 private:
  Result<bool> remove_batch_in(sql::Session& session);

  sql::Database& database_;
  AuditChain& chain_;
};

// The stored policy; nothing when its code is wrong.
Result<std::optional<std::int64_t>> retention_days_in(sql::Session& session, const AuditKey& key);

}  // namespace ciclo::administration
