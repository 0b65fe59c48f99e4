// One row of the audit log, as it is stored and as it is shown.
//
// Thread safety: plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

// The columns as they stand in the table: what the hash covers, to the byte.
struct StoredAuditRow {
  std::int64_t sequence = 0;
  std::int64_t time_ms = 0;
  std::string principal;
  std::string token_id;
  std::string action;
  std::string operation;
  std::string workspace;
  std::string target;
  std::int64_t allowed = 0;
  std::string rule;
  std::string request_id;
  std::string detail = "{}";
  std::string hash;

  bool operator==(const StoredAuditRow&) const = default;
};

// For SELECT and INSERT, in the order of the members.
inline constexpr std::string_view audit_columns =
    "sequence, time_ms, principal, token_id, action, operation, workspace, target, allowed, rule, request_id, detail, "
    "hash";
StoredAuditRow stored_row(const sql::Row& row);
std::vector<sql::Value> values_of(const StoredAuditRow& row);

// A row for an entry, without sequence and hash. Its texts come partly from outside (a request's path): they are made
// valid UTF-8 without NUL and cut to a length.
StoredAuditRow row_of(const resources::AuditEntry& entry, TimePoint time);

// Canonical bytes (encoding.hpp) of everything but sequence and hash, and back; nothing when they are no such row.
std::string encode_row(const StoredAuditRow& row);
std::optional<StoredAuditRow> decode_row(std::string_view bytes);

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
// A detail that is no JSON (somebody changed it) is shown as text.
AuditRow shown_row(StoredAuditRow row);
Json to_json(const AuditRow& row);

}  // namespace ciclo::administration
