#include "administration/audit/fold.hpp"

#include <algorithm>
#include <unordered_map>

namespace ciclo::administration {
namespace {

struct Group {
  StoredAuditRow row;
  std::int64_t count = 1;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  std::string last_request;
};

StoredAuditRow row_of(Group group) {
  if (group.count == 1) return std::move(group.row);
  auto detail = parse_json(group.row.detail);
  Json counted = detail && detail->is_object() ? *std::move(detail) : Json::object();
  counted["count"] = group.count;
  counted["first_time"] = format_rfc3339(from_unix_ms(group.first_ms));
  counted["last_time"] = format_rfc3339(from_unix_ms(group.last_ms));
  if (!group.last_request.empty()) counted["last_request_id"] = std::move(group.last_request);
  group.row.time_ms = group.first_ms;
  group.row.detail = to_text(counted);
  return std::move(group.row);
}

}  // namespace

std::string fold_key(const StoredAuditRow& row) {
  StoredAuditRow same = row;
  same.time_ms = 0;
  same.request_id.clear();
  return encode_row(same);
}

std::vector<StoredAuditRow> fold(std::vector<StoredAuditRow> rows) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> places;
  for (StoredAuditRow& row : rows) {
    const auto [found, is_new] = places.try_emplace(fold_key(row), groups.size());
    if (is_new) {
      const std::int64_t time = row.time_ms;
      groups.push_back({.row = std::move(row), .count = 1, .first_ms = time, .last_ms = time, .last_request = {}});
      continue;
    }
    Group& group = groups[found->second];
    ++group.count;
    group.first_ms = std::min(group.first_ms, row.time_ms);
    group.last_ms = std::max(group.last_ms, row.time_ms);
    group.last_request = std::move(row.request_id);
  }
  std::vector<StoredAuditRow> folded;
  folded.reserve(groups.size());
  for (Group& group : groups) folded.push_back(row_of(std::move(group)));
  return folded;
}

}  // namespace ciclo::administration
