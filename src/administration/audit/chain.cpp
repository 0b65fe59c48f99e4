#include "administration/audit/chain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/audit/encoding.hpp"

namespace ciclo::administration {
namespace {

constexpr std::int64_t rows_at_once = 1000;

}  // namespace

std::string bytes_of(const AuditHead& head) {
  FieldWriter fields;
  fields.add_number(head.sequence);
  fields.add_text(head.hash);
  return fields.take();
}

std::string AuditChain::hash_of(std::string_view previous, const StoredAuditRow& row) const {
  FieldWriter fields;
  fields.add_text(previous);
  fields.add_number(row.sequence);
  fields.add_bytes(encode_row(row));
  return key_.code(AuditPurpose::row, fields.bytes());
}

Result<void> AuditChain::begin_in(sql::Session& session) {
  AuditHead head;
  while (true) {
    CICLO_TRY(const auto rows,
              session.query(
                  fmt::format("SELECT {} FROM audit_rows WHERE sequence > ? ORDER BY sequence LIMIT ?", audit_columns),
                  {head.sequence, rows_at_once}));
    if (rows.empty()) break;
    for (const auto& each : rows) {
      const StoredAuditRow row = stored_row(each);
      head = {row.sequence, hash_of(head.hash, row)};
      CICLO_CHECK(session.execute("UPDATE audit_rows SET hash = ? WHERE sequence = ?", {head.hash, head.sequence}));
    }
  }
  return set_head_in(session, head);
}

void AuditChain::expect(const AuditHead& head) {
  std::int64_t known = known_.load();
  while (known < head.sequence && !known_.compare_exchange_weak(known, head.sequence)) {
  }
}

Result<std::optional<AuditHead>> AuditChain::locked_head_in(sql::Session& session, bool lock) const {
  static constexpr std::string_view plain = "SELECT sequence, hash, code FROM audit_head WHERE id = 1";
  static constexpr std::string_view locking = "SELECT sequence, hash, code FROM audit_head WHERE id = 1 FOR UPDATE";
  CICLO_TRY(const auto row, session.query_one(lock && session.dialect() == sql::Dialect::postgresql ? locking : plain));
  if (!row) return std::nullopt;
  const AuditHead head{row->integer(0), row->text(1)};
  if (!key_.code_fits(AuditPurpose::head, bytes_of(head), row->text(2))) return std::nullopt;
  return head;
}

Result<std::optional<AuditHead>> AuditChain::head_in(sql::Session& session) const {
  return locked_head_in(session, false);
}

Result<void> AuditChain::lock_in(sql::Session& session) {
  CICLO_CHECK(locked_head_in(session, true));
  return {};
}

Result<AuditHead> AuditChain::usable_head_in(sql::Session& session) {
  CICLO_TRY(const auto head, locked_head_in(session, true));
  if (head && head->sequence >= known_.load()) return *head;
  return mend_in(session);
}

// The chain goes on after the last row that is there, but never takes a number that was given before: what is missing
// stays missing.
Result<AuditHead> AuditChain::mend_in(sql::Session& session) {
  CICLO_TRY(const auto last, session.query_one("SELECT sequence, hash FROM audit_rows ORDER BY sequence DESC LIMIT 1"));
  CICLO_TRY(const auto row, session.query_one("SELECT sequence FROM audit_head WHERE id = 1"));
  const std::int64_t known = known_.load();
  AuditHead head;
  if (last) head = {last->integer(0), last->text(1)};
  if (!last && !row && known < 0) return head;  // a new log
  const std::int64_t found = row ? row->integer(0) : -1;
  head.sequence = std::max(head.sequence, known);
  StoredAuditRow told = system_row(audit_break_operation,
                                   "the head of the log was changed, removed or put back, or rows were added after it",
                                   {{"expected_at_least", known}, {"found", found}});
  CICLO_CHECK(add_in(session, head, told));
  return head;
}

StoredAuditRow AuditChain::system_row(std::string_view operation, std::string_view rule, const Json& detail) const {
  const resources::AuditEntry entry{.caller = resources::Caller::system(),
                                    .action = "logs/manage",
                                    .operation = std::string(operation),
                                    .workspace = {},
                                    .target = "/audit",
                                    .decision = {true, std::string(rule)},
                                    .detail = detail};
  return row_of(entry, clock_.now());
}

// False when somebody else's row has that number.
Result<bool> AuditChain::add_in(sql::Session& session, AuditHead& head, StoredAuditRow& row) const {
  static const std::string insert =
      fmt::format("INSERT INTO audit_rows ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (sequence) DO NOTHING",
                  audit_columns);
  row.sequence = head.sequence + 1;
  row.hash = hash_of(head.hash, row);
  const auto values = values_of(row);
  CICLO_TRY(const std::int64_t added, session.execute(insert, std::span<const sql::Value>(values)));
  if (added > 0) head = {row.sequence, row.hash};
  return added > 0;
}

Result<void> AuditChain::set_head_in(sql::Session& session, const AuditHead& head) {
  CICLO_CHECK(session.execute(
      "INSERT INTO audit_head (id, sequence, hash, code) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET sequence = "
      "excluded.sequence, hash = excluded.hash, code = excluded.code",
      {head.sequence, head.hash, key_.code(AuditPurpose::head, bytes_of(head))}));
  session.after_commit([this, head] { expect(head); });
  return {};
}

Result<void> AuditChain::append_in(sql::Session& session, std::span<StoredAuditRow> rows) {
  if (rows.empty()) return {};
  CICLO_TRY(AuditHead head, usable_head_in(session));
  for (StoredAuditRow& row : rows) {
    CICLO_TRY(const bool added, add_in(session, head, row));
    if (added) continue;
    CICLO_TRY(head, mend_in(session));
    CICLO_TRY(const bool mended, add_in(session, head, row));
    if (!mended) return fail(ErrorCode::internal, "the audit log cannot be continued", "audit_rows");
  }
  return set_head_in(session, head);
}

Result<void> AuditChain::append_break_in(sql::Session& session, std::string_view what, Json detail) {
  StoredAuditRow row = system_row(audit_break_operation, what, detail);
  return append_in(session, std::span(&row, 1));
}

}  // namespace ciclo::administration
