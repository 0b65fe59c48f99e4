#include "administration/audit/audit_row.hpp"

#include "administration/audit/encoding.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace ciclo::administration {
namespace {

constexpr std::int64_t encoding_version = 1;
constexpr std::size_t max_name_bytes = 512;
constexpr std::size_t max_text_bytes = 4096;

// PostgreSQL takes neither NUL nor bytes that are no UTF-8, and nobody may fill the log with a long path.
std::string clean(std::string_view text, std::size_t max_bytes) {
  const bool is_cut = text.size() > max_bytes;
  std::string out = to_utf8(text.substr(0, max_bytes));
  if (out.find('\0') != std::string::npos) out = replace_all(std::move(out), std::string_view("\0", 1), "\uFFFD");
  if (is_cut) out += "…";
  return out;
}

}  // namespace

StoredAuditRow stored_row(const sql::Row& row) {
  return {.sequence = row.integer(0),
          .time_ms = row.integer(1),
          .principal = row.text(2),
          .token_id = row.text(3),
          .action = row.text(4),
          .operation = row.text(5),
          .workspace = row.text(6),
          .target = row.text(7),
          .allowed = row.integer(8),
          .rule = row.text(9),
          .request_id = row.text(10),
          .detail = row.text(11),
          .hash = row.text(12)};
}

std::vector<sql::Value> values_of(const StoredAuditRow& row) {
  return {row.sequence, row.time_ms, row.principal, row.token_id,   row.action, row.operation, row.workspace,
          row.target,   row.allowed, row.rule,      row.request_id, row.detail, row.hash};
}

StoredAuditRow row_of(const resources::AuditEntry& entry, TimePoint time) {
  return {.sequence = 0,
          .time_ms = to_unix_ms(time),
          .principal = clean(entry.caller.principal, max_name_bytes),
          .token_id = clean(entry.caller.token_id, max_name_bytes),
          .action = clean(entry.action, max_name_bytes),
          .operation = clean(entry.operation, max_name_bytes),
          .workspace = clean(entry.workspace, max_name_bytes),
          .target = clean(entry.target, max_text_bytes),
          .allowed = entry.decision.allowed ? 1 : 0,
          .rule = clean(entry.decision.rule, max_text_bytes),
          .request_id = clean(entry.caller.request_id, max_name_bytes),
          .detail = entry.detail.empty() ? "{}" : to_text(entry.detail),
          .hash = {}};
}

std::string encode_row(const StoredAuditRow& row) {
  FieldWriter fields;
  fields.add_number(encoding_version);
  fields.add_number(row.time_ms);
  for (const std::string* text :
       {&row.principal, &row.token_id, &row.action, &row.operation, &row.workspace, &row.target})
    fields.add_text(*text);
  fields.add_number(row.allowed);
  for (const std::string* text : {&row.rule, &row.request_id, &row.detail}) fields.add_text(*text);
  return fields.take();
}

std::optional<StoredAuditRow> decode_row(std::string_view bytes) {
  FieldReader fields(bytes);
  StoredAuditRow row;
  const auto take_number = [&](std::int64_t& number) {
    const auto found = fields.number();
    if (found) number = *found;
    return found.has_value();
  };
  const auto take_text = [&](std::string& text) {
    const auto found = fields.text();
    if (found) text = *found;
    return found.has_value();
  };
  std::int64_t version = 0;
  if (!take_number(version) || version != encoding_version || !take_number(row.time_ms)) return std::nullopt;
  for (std::string* text : {&row.principal, &row.token_id, &row.action, &row.operation, &row.workspace, &row.target})
    if (!take_text(*text)) return std::nullopt;
  if (!take_number(row.allowed)) return std::nullopt;
  for (std::string* text : {&row.rule, &row.request_id, &row.detail})
    if (!take_text(*text)) return std::nullopt;
  if (!fields.at_end()) return std::nullopt;
  return row;
}

AuditRow shown_row(StoredAuditRow row) {
  auto detail = parse_json(row.detail);
  return {.sequence = row.sequence,
          .time = from_unix_ms(row.time_ms),
          .principal = std::move(row.principal),
          .token_id = std::move(row.token_id),
          .action = std::move(row.action),
          .operation = std::move(row.operation),
          .workspace = std::move(row.workspace),
          .target = std::move(row.target),
          .allowed = row.allowed != 0,
          .rule = std::move(row.rule),
          .request_id = std::move(row.request_id),
          .detail = detail ? *std::move(detail) : Json(row.detail)};
}

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

}  // namespace ciclo::administration
