#include "administration/audit/audit_log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::administration {

Json to_json(const AuditRow& row) {
  return {{"sequence", row.sequence},
          {"time", format_rfc3339(row.time)},
          {"principal", row.principal},
          {"token_id", row.token_id},
          {"action", row.action},
          {"operation", row.operation},
          {"workspace", row.workspace},
          {"target", row.target},
          {"outcome", row.allowed ? "allowed" : "denied"},
          {"rule", row.rule},
          {"request_id", row.request_id},
          {"detail", row.detail}};
}

Result<void> AuditLog::record(sql::Session& session, const resources::AuditEntry& entry) {
  CICLO_CHECK(
      session.execute("INSERT INTO audit (time_ms, principal, token_id, action, operation, workspace, target, allowed, "
                      "rule, request_id, detail) "
                      "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                      {to_unix_ms(clock_.now()), entry.caller.principal, entry.caller.token_id, entry.action,
                       entry.operation, entry.workspace, entry.target, entry.decision.allowed, entry.decision.rule,
                       entry.caller.request_id, to_text(entry.detail)}));
  return {};
}

Result<void> AuditLog::record(const resources::AuditEntry& entry) {
  return database_.write([&](sql::Session& session) { return record(session, entry); });
}

Result<std::vector<AuditRow>> AuditLog::list(const AuditQuery& query) {
  std::string where = "1 = 1";
  std::vector<sql::Value> parameters;
  if (!query.workspace.empty()) {
    where += " AND workspace = ?";
    parameters.emplace_back(query.workspace);
  }
  if (query.before > 0) {
    where += " AND sequence < ?";
    parameters.emplace_back(query.before);
  }
  parameters.emplace_back(std::clamp<std::size_t>(query.limit, 1, 1000));
  return database_.read([&](sql::Session& session) -> Result<std::vector<AuditRow>> {
    CICLO_TRY(const auto rows,
              session.query(
                  fmt::format("SELECT sequence, time_ms, principal, token_id, action, operation, workspace, target, "
                              "allowed, rule, request_id, detail FROM audit WHERE {} ORDER BY sequence DESC LIMIT ?",
                              where),
                  std::span<const sql::Value>(parameters)));
    std::vector<AuditRow> out;
    for (const auto& row : rows) {
      CICLO_TRY(Json detail, parse_json(row.text(11)));
      out.push_back({.sequence = row.integer(0),
                     .time = from_unix_ms(row.integer(1)),
                     .principal = row.text(2),
                     .token_id = row.text(3),
                     .action = row.text(4),
                     .operation = row.text(5),
                     .workspace = row.text(6),
                     .target = row.text(7),
                     .allowed = row.integer(8) != 0,
                     .rule = row.text(9),
                     .request_id = row.text(10),
                     .detail = std::move(detail)});
    }
    return out;
  });
}

}  // namespace ciclo::administration
