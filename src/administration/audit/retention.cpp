#include "administration/audit/retention.hpp"

#include <fmt/format.h>

#include "administration/audit/checkpoint.hpp"
#include "administration/audit/encoding.hpp"

namespace ciclo::administration {
namespace {

constexpr std::int64_t rows_at_once = 5000;

std::string policy_bytes(std::int64_t days) {
  FieldWriter fields;
  fields.add_number(days);
  return fields.take();
}

Failure changed_policy() {
  return fail(ErrorCode::internal, "the audit log's retention policy was changed from outside; nothing is removed",
              "audit_retention", "look into it (ciclo audit verify), then set it again: ciclo audit retention set");
}

}  // namespace

Result<std::optional<std::int64_t>> retention_days_in(sql::Session& session, const AuditKey& key) {
  CICLO_TRY(const auto row, session.query_one("SELECT days, code FROM audit_retention WHERE id = 1"));
  if (!row) return std::optional<std::int64_t>(0);
  if (!key.code_fits(AuditPurpose::policy, policy_bytes(row->integer(0)), row->text(1))) return std::nullopt;
  return row->optional_integer(0);
}

Result<std::int64_t> AuditRetention::days() {
  CICLO_TRY(const auto days,
            database_.read([&](sql::Session& session) { return retention_days_in(session, chain_.key()); }));
  if (!days) return changed_policy();
  return *days;
}

Result<void> AuditRetention::set(const resources::Caller& caller, std::int64_t days) {
  if (days < 0 || days > max_days)
    return fail(ErrorCode::invalid, fmt::format("days must be from 1 to {}, or 0 to keep rows for ever", max_days),
                "/days");
  return database_.write([&](sql::Session& session) -> Result<void> {
    const resources::AuditEntry entry{.caller = caller,
                                      .action = "organisation/manage",
                                      .operation = "set audit retention",
                                      .workspace = {},
                                      .target = "/audit/retention",
                                      .decision = {true, "route"},
                                      .detail = {{"days", days}}};
    StoredAuditRow row = row_of(entry, chain_.clock().now());
    CICLO_CHECK(chain_.append_in(session, std::span(&row, 1)));
    CICLO_CHECK(session.execute(
        "INSERT INTO audit_retention (id, days, code) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET days = "
        "excluded.days, code = excluded.code",
        {days, chain_.key().code(AuditPurpose::policy, policy_bytes(days))}));
    return {};
  });
}

Result<bool> AuditRetention::remove_batch() {
  CICLO_TRY(const std::int64_t kept_days, days());
  if (kept_days == 0) return false;
  return database_.write([&](sql::Session& session) { return remove_batch_in(session); });
}

Result<bool> AuditRetention::remove_batch_in(sql::Session& session) {
  CICLO_CHECK(chain_.lock_in(session));
  CICLO_TRY(const auto days, retention_days_in(session, chain_.key()));
  if (!days) return changed_policy();
  if (*days == 0) return false;
  const TimePoint now = chain_.clock().now();
  const std::int64_t cutoff = to_unix_ms(now - std::chrono::days(*days));
  CICLO_TRY(const auto rows,
            session.query("SELECT sequence, time_ms, hash FROM audit_rows ORDER BY sequence LIMIT ?", {rows_at_once}));
  std::size_t count = 0;
  while (count < rows.size() && rows[count].integer(1) < cutoff) ++count;
  if (count == 0) return false;
  const sql::Row& last = rows[count - 1];
  AuditCheckpoint checkpoint{.purpose = AuditCheckpoint::Purpose::retention,
                             .sequence = last.integer(0),
                             .hash = last.text(2),
                             .time = now,
                             .signature = {}};
  checkpoint.sign(chain_.key());
  CICLO_CHECK(store_checkpoint_in(session, checkpoint));
  CICLO_CHECK(session.execute("DELETE FROM audit_rows WHERE sequence <= ?", {checkpoint.sequence}));
  StoredAuditRow row = chain_.system_row(
      "remove old audit rows", fmt::format("rows are kept for {} days", *days),
      {{"first", rows.front().integer(0)}, {"last", checkpoint.sequence}, {"removed", count}, {"days", *days}});
  CICLO_CHECK(chain_.append_in(session, std::span(&row, 1)));
  return count == rows.size();
}

}  // namespace ciclo::administration
