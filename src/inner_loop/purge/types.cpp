#include "inner_loop/purge/types.hpp"

#include <algorithm>

namespace ciclo::purge {

Tally& Report::of(const std::string& what) {
  const auto found = std::ranges::find(tallies, what, &std::pair<std::string, Tally>::first);
  if (found != tallies.end()) return found->second;
  return tallies.emplace_back(what, Tally{}).second;
}

void Report::keep(Kept one) {
  ++kept_count;
  if (kept.size() < max_kept) kept.push_back(std::move(one));
}

Json to_json(const Report& report) {
  Json value = Json::array();
  for (const auto& [what, tally] : report.tallies)
    value.push_back({{"what", what}, {"count", tally.count}, {"rows", tally.rows}, {"bytes", tally.bytes}});
  Json kept = Json::array();
  for (const Kept& one : report.kept)
    kept.push_back({{"kind", one.kind}, {"name", one.name}, {"title", one.title}, {"reason", one.reason}});
  Json answer{{"value", std::move(value)}, {"kept", std::move(kept)}, {"kept_count", report.kept_count}};
  if (!report.resume.is_null()) answer["continue"] = report.resume;
  return answer;
}

}  // namespace ciclo::purge
