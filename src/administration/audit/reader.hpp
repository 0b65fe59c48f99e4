// Reading the audit log: pages for people, lines for auditors.
//
// Thread safety: safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/audit/audit_row.hpp"
#include "base/jmespath.hpp"

namespace ciclo::administration {

struct AuditQuery {
  std::string workspace;             // empty: all
  std::optional<TimePoint> since;    // from this time on
  std::optional<TimePoint> until;    // before this time
  std::string principal;             // empty: any
  std::optional<bool> allowed;       // nothing: any outcome
  std::string operation;             // empty: any
  std::optional<JmesPath> filter;    // over the row as it is shown; kept when truthy
  std::int64_t before = 0;           // a row's number: those that come after it in the list; 0: from the newest
  std::size_t limit = 100;           // at most 1000
  std::size_t max_scanned = 20'000;  // rows looked at for one page
};

struct AuditPage {
  std::vector<AuditRow> rows;  // newest first
  // `before` of the next page; 0 at the end. Set also when `max_scanned` ended the page before it was full.
  std::int64_t next = 0;
};

// Fails with invalid when the filter cannot be applied to a row.
Result<AuditPage> read_audit_page(sql::Database& database, const AuditQuery& query);

// "2026-01-31T00:00:00Z", "2026-01-31", or how long ago: "30m", "2h", "7d", "P7D". Fails with invalid; `field` is its
// target.
Result<TimePoint> parse_moment(std::string_view text, std::string_view field, TimePoint now);

// The rows of a time range as JSON lines in the order of the chain, each with its hash and that of the row before;
// {"missing": {"first", "last"}} where rows are gone from between. Memory is bounded by a batch.
class AuditExport {
 public:
  struct Range {
    std::string workspace;  // empty: all
    std::optional<TimePoint> since;
    std::optional<TimePoint> until;
  };
  AuditExport(sql::Database& database, Range range) : database_(database), range_(std::move(range)) {}

  // The next lines; empty at the end.
  Result<std::string> next();

 private:
  Result<void> find_bounds(sql::Session& session);
  Result<std::string> batch(sql::Session& session);
  bool is_within(const StoredAuditRow& row) const;

  sql::Database& database_;
  const Range range_;
  bool is_started_ = false;
  bool is_finished_ = false;
  std::int64_t after_ = 0;
  std::int64_t last_ = -1;
};

}  // namespace ciclo::administration
