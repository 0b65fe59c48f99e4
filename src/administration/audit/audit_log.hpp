// The audit log: every change, in the transaction that makes it, and every denial.
//
// Thread safety: safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

struct AuditRow {
  std::int64_t sequence = 0;
  TimePoint time;
  std::string principal;
  std::string token_id;
  std::string action;
  std::string operation;
  std::string workspace;
  std::string target;
  bool allowed = false;
  std::string rule;
  std::string request_id;
  Json detail = Json::object();
};
Json to_json(const AuditRow& row);

struct AuditQuery {
  std::string workspace;    // empty: all
  std::int64_t before = 0;  // sequence; 0: from the newest
  std::size_t limit = 100;  // at most 1000
};

class AuditLog final : public resources::AuditSink {
 public:
  AuditLog(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}
  Result<void> record(sql::Session& session, const resources::AuditEntry& entry) override;
  // In a transaction of its own; for denials.
  Result<void> record(const resources::AuditEntry& entry);
  // Newest first.
  Result<std::vector<AuditRow>> list(const AuditQuery& query);

 private:
  sql::Database& database_;
  const Clock& clock_;
};

}  // namespace ciclo::administration
