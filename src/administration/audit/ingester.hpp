// Moves the decision journal into the audit log's table, each record exactly once: rows and the place up to which the
// journal is taken in are written in one transaction.
//
// Memory is bounded by a batch (about a megabyte of journal). When the database cannot be written, the journal is
// flushed to the disk instead and tried again later.
//
// Thread safety: safe from any thread; one batch at a time.
#pragma once

#include <mutex>

#include "administration/audit/chain.hpp"
#include "administration/audit/journal.hpp"

namespace ciclo::administration {

class JournalIngester {
 public:
  JournalIngester(sql::Database& database, AuditChain& chain, DecisionJournal& journal)
      : database_(database), chain_(chain), journal_(journal) {}

  // Finds the place where to go on. First thing after a start.
  Result<void> start();
  // Takes in everything that was noted before the call.
  Result<void> catch_up();
  JournalPosition position() const;

 private:
  Result<void> take_batch();
  Result<void> store_in(sql::Session& session, const JournalBatch& batch, std::vector<StoredAuditRow> rows);
  Result<void> set_position_in(sql::Session& session, const JournalPosition& position);

  sql::Database& database_;
  AuditChain& chain_;
  DecisionJournal& journal_;
  std::mutex batch_mutex_;  // held while a batch is moved
  mutable std::mutex mutex_;
  JournalPosition position_;
  // Where position_ goes if a commit whose outcome nobody knows was kept after all.
  std::optional<JournalPosition> maybe_;
};

// What the code of a stored position covers.
std::string position_bytes(std::string_view journal, std::int64_t file, std::int64_t place);

}  // namespace ciclo::administration
