#include "administration/audit/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "administration/audit/ingester.hpp"
#include "administration/audit/retention.hpp"

namespace ciclo::administration {
namespace {

constexpr std::int64_t rows_at_once = 1000;
constexpr std::size_t max_findings = 100;
constexpr std::size_t max_suspects = 64;  // rows that are tried in each other's place

// A row that does not fit, kept to see whether it fits elsewhere.
struct Suspect {
  StoredAuditRow row;
  std::string previous;  // hash stored in the row before it
};

class Walk {
 public:
  Walk(sql::Session& session, const AuditChain& chain, const AuditEvidence& evidence)
      : session_(session), chain_(chain), evidence_(evidence) {}

  Result<AuditReport> run() {
    CICLO_CHECK(begin());
    CICLO_CHECK(walk_rows());
    find_reordered();
    CICLO_CHECK(check_head());
    CICLO_CHECK(check_beside());
    check_kept();
    return std::move(report_);
  }

 private:
  void found(std::string kind, std::int64_t first, std::int64_t last, std::string message) {
    ++report_.findings_total;
    if (report_.findings.size() < max_findings)
      report_.findings.push_back({std::move(kind), first, last, std::move(message)});
  }

  // Where the chain begins: at the first row, or after the newest removal by policy.
  Result<void> begin() {
    CICLO_TRY(report_.checkpoint, stored_checkpoint_in(session_));
    if (!report_.checkpoint) return {};
    if (!report_.checkpoint->is_signed_by(chain_.key())) {
      found("checkpoint", report_.checkpoint->sequence, report_.checkpoint->sequence,
            "the checkpoint of the newest removal has no valid signature");
      is_start_proven_ = false;
      return {};
    }
    expected_ = report_.checkpoint->sequence + 1;
    stored_ = computed_ = report_.checkpoint->hash;
    return {};
  }

  Result<void> walk_rows() {
    const std::string statement =
        fmt::format("SELECT {} FROM audit_rows WHERE sequence > ? ORDER BY sequence LIMIT ?", audit_columns);
    std::int64_t after = std::numeric_limits<std::int64_t>::min();
    while (true) {
      CICLO_TRY(const auto rows, session_.query(statement, {after, rows_at_once}));
      for (const auto& each : rows) check_row(stored_row(each));
      if (rows.size() < static_cast<std::size_t>(rows_at_once)) return {};
      after = rows.back().integer(0);
    }
  }

  void check_row(StoredAuditRow row) {
    if (report_.rows++ == 0) report_.first = row.sequence;
    report_.last = row.sequence;
    note_kept(row.sequence, row.hash);
    if (is_start_proven_ && row.sequence < expected_) {
      found("added", row.sequence, row.sequence, fmt::format("row {} does not belong to the log", row.sequence));
      return;
    }
    const bool follows = row.sequence == expected_;
    if (is_start_proven_ && !follows)
      found("missing", expected_, row.sequence - 1,
            row.sequence - 1 == expected_ ? fmt::format("row {} is missing", expected_)
                                          : fmt::format("rows {} to {} are missing", expected_, row.sequence - 1));
    std::string computed = chain_.hash_of(stored_, row);
    // What comes after a gap, or after a start that nothing proves, has no row before it to be judged by.
    if (is_start_proven_ && follows && computed != row.hash) {
      // Perhaps only the hash of the row before was edited, which is told already.
      const std::string repaired = chain_.hash_of(computed_, row);
      if (repaired == row.hash) computed = repaired;
    }
    if (is_start_proven_ && follows && computed != row.hash) {
      found("edited", row.sequence, row.sequence,
            fmt::format("row {} was changed, or does not belong after row {}", row.sequence, row.sequence - 1));
      if (suspects_.size() < max_suspects) suspects_.push_back({row, stored_});
    }
    if (row.operation == audit_break_operation)
      found("noted", row.sequence, row.sequence,
            fmt::format("row {} tells that before it the log was changed from outside: {}", row.sequence, row.rule));
    computed_ = std::move(computed);
    stored_ = std::move(row.hash);
    expected_ = row.sequence + 1;
    is_start_proven_ = true;
  }

  // Whether a row that does not fit is the one that belongs in another's place.
  void find_reordered() {
    for (const Suspect& place : suspects_) {
      for (const Suspect& other : suspects_) {
        if (place.row.sequence == other.row.sequence) continue;
        StoredAuditRow moved = other.row;
        moved.sequence = place.row.sequence;
        if (chain_.hash_of(place.previous, moved) != other.row.hash) continue;
        found("reordered", std::min(place.row.sequence, other.row.sequence),
              std::max(place.row.sequence, other.row.sequence),
              fmt::format("row {} stands in the place of row {}", place.row.sequence, other.row.sequence));
      }
    }
  }

  Result<void> check_head() {
    CICLO_TRY(const auto head, chain_.head_in(session_));
    if (!head) {
      found("head", 0, 0, "the head of the log was changed or removed");
      return {};
    }
    report_.head = *head;
    const std::int64_t last = expected_ - 1;
    if (head->sequence > last)
      found("missing", last + 1, head->sequence,
            fmt::format("the end of the log is missing: rows {} to {}", last + 1, head->sequence));
    if (head->sequence < last)
      found("added", head->sequence + 1, last,
            fmt::format("rows {} to {} do not belong to the log", head->sequence + 1, last));
    if (head->sequence == last && head->hash != stored_)
      found("head", last, last, "the last row is not the one that the head of the log tells of");
    if (head->sequence < evidence_.known)
      found("rolled_back", head->sequence + 1, evidence_.known,
            fmt::format("the log ends at row {}, but this server has written row {}", head->sequence, evidence_.known));
    return {};
  }

  // What else is kept beside the rows.
  Result<void> check_beside() {
    CICLO_TRY(const auto days, retention_days_in(session_, chain_.key()));
    if (!days) found("policy", 0, 0, "the retention policy was changed from outside");
    CICLO_TRY(const auto journals,
              session_.query("SELECT journal, file, position, code FROM audit_journals ORDER BY journal"));
    for (const auto& row : journals)
      if (!chain_.key().code_fits(AuditPurpose::position, position_bytes(row.text(0), row.integer(1), row.integer(2)),
                                  row.text(3)))
        found("journal", 0, 0, "how far a decision journal is taken in was changed from outside");
    return {};
  }

  void note_kept(std::int64_t sequence, const std::string& hash) {
    if (evidence_.witness && evidence_.witness->sequence == sequence) witness_hash_ = hash;
    if (evidence_.kept_checkpoint && evidence_.kept_checkpoint->sequence == sequence) kept_hash_ = hash;
  }

  void check_kept() {
    if (evidence_.witness_is_damaged)
      found("rolled_back", 0, 0, "the file in which the server keeps what it last saw of the log was changed");
    if (evidence_.witness) check_kept_head("this server has seen", *evidence_.witness, witness_hash_);
    if (!evidence_.kept_checkpoint) return;
    const AuditCheckpoint& kept = *evidence_.kept_checkpoint;
    if (!kept.is_signed_by(chain_.key())) {
      found("checkpoint", kept.sequence, kept.sequence,
            "the checkpoint given was not signed by this server, or was changed");
      return;
    }
    check_kept_head("the checkpoint given tells of", {kept.sequence, kept.hash}, kept_hash_);
  }

  void check_kept_head(std::string_view who, const AuditHead& kept, const std::string& hash) {
    if (kept.sequence > expected_ - 1) {
      found("rolled_back", expected_, kept.sequence,
            fmt::format("the log ends at row {}, but {} row {}: the database was put back to an older copy, or its end "
                        "was removed",
                        expected_ - 1, who, kept.sequence));
      return;
    }
    const auto& checkpoint = report_.checkpoint;
    const std::string& now =
        hash.empty() && checkpoint && checkpoint->sequence == kept.sequence ? checkpoint->hash : hash;
    // Rows that were removed by policy cannot be compared any more; row 0 is the log's beginning.
    if (!now.empty() && now != kept.hash)
      found("rolled_back", kept.sequence, kept.sequence,
            fmt::format("row {} is not the one that {}: the log was put back to an older copy and went on",
                        kept.sequence, who));
  }

  sql::Session& session_;
  const AuditChain& chain_;
  const AuditEvidence& evidence_;
  AuditReport report_;
  bool is_start_proven_ = true;
  std::int64_t expected_ = 1;
  // The hash of the row before as it is stored, and as it should be.
  std::string stored_ = AuditHead().hash;
  std::string computed_ = AuditHead().hash;
  std::vector<Suspect> suspects_;
  std::string witness_hash_;
  std::string kept_hash_;
};

}  // namespace

Json to_json(const AuditReport& report) {
  Json findings = Json::array();
  for (const AuditFinding& finding : report.findings) {
    Json each = {{"kind", finding.kind}, {"message", finding.message}};
    if (finding.first > 0) each["first"] = finding.first;
    if (finding.last > 0) each["last"] = finding.last;
    findings.push_back(std::move(each));
  }
  Json out = {{"ok", report.is_ok()},
              {"rows", report.rows},
              {"first", report.first},
              {"last", report.last},
              {"head", {{"sequence", report.head.sequence}, {"hash", report.head.hash}}},
              {"findings_total", report.findings_total},
              {"findings", std::move(findings)},
              {"duration_ms", report.duration.count()}};
  if (report.checkpoint)
    out["removed_by_policy"] = {{"last", report.checkpoint->sequence},
                                {"time", format_rfc3339(report.checkpoint->time)}};
  return out;
}

Result<AuditReport> verify_audit_log(sql::Database& database, const AuditChain& chain, const AuditEvidence& evidence) {
  const auto started = std::chrono::steady_clock::now();
  auto report = database.read([&](sql::Session& session) { return Walk(session, chain, evidence).run(); });
  if (report) report->duration = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - started);
  return report;
}

}  // namespace ciclo::administration
