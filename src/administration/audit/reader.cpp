#include "administration/audit/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "administration/audit/checkpoint.hpp"
#include "base/duration.hpp"
#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::size_t rows_at_once = 500;
constexpr std::size_t max_limit = 1000;
constexpr std::int64_t no_bound = std::numeric_limits<std::int64_t>::max();

// A place in the list, which is ordered by time and, within a millisecond, by number.
struct Cursor {
  std::int64_t time_ms = no_bound;
  std::int64_t sequence = no_bound;
  auto operator<=>(const Cursor&) const = default;
};

Result<Cursor> start_of(sql::Session& session, const AuditQuery& query) {
  Cursor cursor;
  if (query.until) cursor = {to_unix_ms(*query.until), 0};
  if (query.before <= 0) return cursor;
  CICLO_TRY(
      const auto row,
      session.query_one("SELECT time_ms, sequence FROM audit_rows WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1",
                        {query.before}));
  if (!row) return Cursor{0, 0};  // it was removed, and so was all before it
  const bool is_itself = row->integer(1) == query.before;
  return std::min(cursor, Cursor{row->integer(0), row->integer(1) + (is_itself ? 0 : 1)});
}

Result<std::vector<sql::Row>> rows_below(sql::Session& session, const AuditQuery& query, const Cursor& cursor,
                                         std::size_t limit) {
  const bool all = query.workspace.empty();
  const std::string statement = fmt::format(
      "SELECT {} FROM audit_rows WHERE {}time_ms >= ? AND (time_ms, sequence) < (?, ?) ORDER BY time_ms DESC, sequence "
      "DESC LIMIT ?",
      audit_columns, all ? "" : "workspace = ? AND ");
  std::vector<sql::Value> parameters;
  if (!all) parameters.emplace_back(query.workspace);
  parameters.emplace_back(query.since ? to_unix_ms(*query.since) : std::numeric_limits<std::int64_t>::min());
  parameters.emplace_back(cursor.time_ms);
  parameters.emplace_back(cursor.sequence);
  parameters.emplace_back(limit);
  return session.query(statement, std::span<const sql::Value>(parameters));
}

bool has_conditions(const AuditQuery& query) {
  return !query.principal.empty() || query.allowed || !query.operation.empty() || query.filter;
}

Result<bool> matches(const AuditQuery& query, const AuditRow& row) {
  if (!query.principal.empty() && row.principal != query.principal) return false;
  if (query.allowed && row.allowed != *query.allowed) return false;
  if (!query.operation.empty() && row.operation != query.operation) return false;
  if (!query.filter) return true;
  auto found = query.filter->search(to_json(row));
  if (!found) {
    found.error().add_context(fmt::format("the filter on row {}", row.sequence));
    return Failure(std::move(found).error());
  }
  return is_truthy(*found);
}

std::optional<Milliseconds> short_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto number = parse_int(text.substr(0, text.size() - 1));
  if (!number || *number < 0 || *number > 1'000'000'000) return std::nullopt;
  switch (text.back()) {
    case 's': return std::chrono::seconds(*number);
    case 'm': return std::chrono::minutes(*number);
    case 'h': return std::chrono::hours(*number);
    case 'd': return std::chrono::days(*number);
    case 'w': return std::chrono::weeks(*number);
    default: return std::nullopt;
  }
}

}  // namespace

Result<AuditPage> read_audit_page(sql::Database& database, const AuditQuery& query) {
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, max_limit);
  return database.read([&](sql::Session& session) -> Result<AuditPage> {
    AuditPage page;
    CICLO_TRY(Cursor cursor, start_of(session, query));
    std::size_t scanned = 0;
    while (scanned < query.max_scanned) {
      const std::size_t useful = has_conditions(query) ? rows_at_once : limit - page.rows.size();
      const std::size_t wanted = std::min({rows_at_once, useful, query.max_scanned - scanned});
      CICLO_TRY(const auto rows, rows_below(session, query, cursor, wanted));
      for (const auto& each : rows) {
        AuditRow row = shown_row(stored_row(each));
        cursor = {to_unix_ms(row.time), row.sequence};
        ++scanned;
        CICLO_TRY(const bool is_match, matches(query, row));
        if (!is_match) continue;
        page.rows.push_back(std::move(row));
        if (page.rows.size() == limit) {
          page.next = cursor.sequence;
          return page;
        }
      }
      if (rows.size() < wanted) return page;
    }
    page.next = cursor.sequence;
    return page;
  });
}

Result<TimePoint> parse_moment(std::string_view text, std::string_view field, TimePoint now) {
  if (const auto time = parse_rfc3339(text)) return *time;
  if (const auto day = parse_rfc3339(std::string(text) + "T00:00:00Z")) return *day;
  if (const auto ago = short_duration(text)) return now - *ago;
  if (const auto ago = parse_duration(text)) return now - *ago;
  return fail(ErrorCode::invalid, fmt::format("'{}' is neither a time nor a duration", text), fmt::format("/{}", field),
              "for example 2030-01-31T08:00:00Z, 2030-01-31, 30m, 2h or 7d");
}

bool AuditExport::is_within(const StoredAuditRow& row) const {
  return (!range_.since || row.time_ms >= to_unix_ms(*range_.since)) &&
         (!range_.until || row.time_ms < to_unix_ms(*range_.until));
}

Result<void> AuditExport::find_bounds(sql::Session& session) {
  const std::string statement =
      fmt::format("SELECT MIN(sequence), MAX(sequence) FROM audit_rows WHERE time_ms >= ? AND time_ms < ?{}",
                  range_.workspace.empty() ? "" : " AND workspace = ?");
  std::vector<sql::Value> parameters = {
      range_.since ? to_unix_ms(*range_.since) : std::numeric_limits<std::int64_t>::min(),
      range_.until ? to_unix_ms(*range_.until) : no_bound};
  if (!range_.workspace.empty()) parameters.emplace_back(range_.workspace);
  CICLO_TRY(const auto rows, session.query(statement, std::span<const sql::Value>(parameters)));
  is_started_ = true;
  is_finished_ = rows.empty() || rows.front().is_null(0);
  if (is_finished_) return {};
  after_ = rows.front().integer(0) - 1;
  last_ = rows.front().integer(1);
  return {};
}

Result<std::string> AuditExport::batch(sql::Session& session) {
  const std::string statement = fmt::format(
      "SELECT r.sequence, r.time_ms, r.principal, r.token_id, r.action, r.operation, r.workspace, r.target, r.allowed, "
      "r.rule, r.request_id, r.detail, r.hash, p.hash FROM audit_rows r LEFT JOIN audit_rows p ON p.sequence = "
      "r.sequence - 1 WHERE r.sequence > ? AND r.sequence <= ?{} ORDER BY r.sequence LIMIT ?",
      range_.workspace.empty() ? "" : " AND r.workspace = ?");
  std::vector<sql::Value> parameters = {after_, last_};
  if (!range_.workspace.empty()) parameters.emplace_back(range_.workspace);
  parameters.emplace_back(rows_at_once);
  CICLO_TRY(const auto rows, session.query(statement, std::span<const sql::Value>(parameters)));
  CICLO_TRY(const auto checkpoint, stored_checkpoint_in(session));
  std::string lines;
  for (const auto& each : rows) {
    StoredAuditRow row = stored_row(each);
    if (range_.workspace.empty() && row.sequence != after_ + 1)
      lines += to_text(Json{{"missing", {{"first", after_ + 1}, {"last", row.sequence - 1}}}}) + "\n";
    after_ = row.sequence;
    if (!is_within(row)) continue;
    std::string previous = each.text(13);
    if (each.is_null(13) && row.sequence == 1) previous = std::string(64, '0');
    if (each.is_null(13) && checkpoint && checkpoint->sequence == row.sequence - 1) previous = checkpoint->hash;
    const std::string hash = row.hash;
    Json line = to_json(shown_row(std::move(row)));
    line["previous_hash"] = previous;
    line["hash"] = hash;
    lines += to_text(line) + "\n";
  }
  is_finished_ = rows.size() < rows_at_once || after_ >= last_;
  return lines;
}

Result<std::string> AuditExport::next() {
  std::string lines;
  while (lines.empty() && !is_finished_) {
    CICLO_TRY(lines, database_.read([&](sql::Session& session) -> Result<std::string> {
      if (!is_started_) CICLO_CHECK(find_bounds(session));
      if (is_finished_) return std::string();
      return batch(session);
    }));
  }
  return lines;
}

}  // namespace ciclo::administration
