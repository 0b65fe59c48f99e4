// The hash chain: every row has the next number and hash = code(hash of the row before ‖ its number ‖ its columns),
// with a key that the database does not hold in the clear. The head (number and hash of the last row, and a code over
// both) changes in the same transaction, so a removed end shows too.
//
// The head row is locked while a row is added: several servers over one PostgreSQL take turns and the chain never
// forks.
//
// When the head is not as this server left it, the log was changed from outside. Refusing to write would let anybody
// who can write the database stop the server, and going on as if nothing were wrong would hide it; so a row that tells
// of the break is put into the chain first, and `verify` reports that row for as long as it is kept.
//
// Thread safety: safe from any thread; each call works in the session it is handed.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "administration/audit/audit_key.hpp"
#include "administration/audit/audit_row.hpp"
#include "base/clock.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct AuditHead {
  std::int64_t sequence = 0;
  std::string hash = std::string(64, '0');  // of a log without rows
  bool operator==(const AuditHead&) const = default;
};

// The operation of rows that tell of a break.
inline constexpr std::string_view audit_break_operation = "audit log changed from outside";

class AuditChain {
 public:
  AuditChain(AuditKey key, const Clock& clock) : key_(std::move(key)), clock_(clock) {}

  // Takes in the rows that have no hash yet (of an earlier version of the product) and sets the head. Once, with the
  // making of the key.
  Result<void> begin_in(sql::Session& session);
  // From now on a head before this one is a break.
  void expect(const AuditHead& head);
  std::int64_t known() const { return known_.load(); }  // the highest number expected; -1: none

  // Gives the rows their numbers and hashes and stores them.
  Result<void> append_in(sql::Session& session, std::span<StoredAuditRow> rows);
  // A row that tells of a break that was found elsewhere (the journal, the witness).
  Result<void> append_break_in(sql::Session& session, std::string_view what, Json detail);
  // Waits for other servers' writes, and holds them until this transaction ends.
  Result<void> lock_in(sql::Session& session);

  // The stored head as it is; nothing when there is none or its code is wrong.
  Result<std::optional<AuditHead>> head_in(sql::Session& session) const;

  // A row of the server's own, to be appended. `rule`: why it did so.
  StoredAuditRow system_row(std::string_view operation, std::string_view rule, const Json& detail) const;
  std::string hash_of(std::string_view previous, const StoredAuditRow& row) const;
  const AuditKey& key() const { return key_; }
  const Clock& clock() const { return clock_; }

 private:
  Result<std::optional<AuditHead>> locked_head_in(sql::Session& session, bool lock) const;
  Result<AuditHead> usable_head_in(sql::Session& session);
  Result<AuditHead> mend_in(sql::Session& session);
  Result<bool> add_in(sql::Session& session, AuditHead& head, StoredAuditRow& row) const;
  Result<void> set_head_in(sql::Session& session, const AuditHead& head);

  AuditKey key_;
  const Clock& clock_;
  std::atomic<std::int64_t> known_{-1};  // the highest number known to be durable; -1: none yet
};

// What the code of a head covers; also of the witness.
std::string bytes_of(const AuditHead& head);

}  // namespace ciclo::administration
