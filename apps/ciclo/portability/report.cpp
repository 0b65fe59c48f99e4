#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "portability/transfer.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t shown_differences = 50;
constexpr std::size_t shown_experiments = 50;

std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

}  // namespace

Line& Report::line(const std::string& what) {
  const auto found = std::ranges::find(lines, what, &Line::what);
  if (found != lines.end()) return *found;
  return lines.emplace_back(Line{.what = what});
}

void Report::differ(const std::string& who, const std::string& what) {
  const auto found = std::ranges::find(differences, what, &Difference::what);
  if (found != differences.end()) ++found->count;
  else differences.push_back({.first = who, .what = what, .count = 1});
}

void Report::count(const std::string& what, const std::string& noun, const std::vector<Outcome>& outcomes) {
  Line& row = line(what);
  for (const Outcome& outcome : outcomes) {
    ++row.found;
    switch (outcome.kind) {
      case Outcome::Kind::added: ++row.added; break;
      case Outcome::Kind::changed: ++row.changed; break;
      case Outcome::Kind::present: ++row.present; break;
      case Outcome::Kind::refused: ++row.skipped; break;
    }
    for (const std::string& difference : outcome.differences) differ(noun + " " + outcome.id, difference);
  }
}

void Report::tell(const TransferSettings& settings) const {
  std::vector<std::string> parts;
  for (const Line& row : lines)
    if (row.found > 0) parts.push_back(fmt::format("{} {}", row.found, row.what));
  settings.progress(join(parts, ", "));
}

std::string render(const Report& report, bool dry_run) {
  std::string out;
  const auto row = [&](const auto& what, const auto&... cells) {
    out += fmt::format("{:<20}", what);
    ((out += fmt::format("  {:>14}", cells)), ...);
    out += '\n';
  };
  row("", "found", dry_run ? "would come" : "came", dry_run ? "" : "changed", "already there",
      dry_run ? "" : "skipped");
  for (const Line& line : report.lines) {
    const bool is_part =
        line.what == "parameters" || line.what == "tags" || line.what == "spans" || line.what == "assessments";
    const bool is_unknown = dry_run && line.what != "experiments" && line.what != "runs";
    if (is_part || is_unknown) row(line.what, grouped(line.found));
    else if (dry_run) row(line.what, grouped(line.found), grouped(line.added), "", grouped(line.present));
    else
      row(line.what, grouped(line.found), grouped(line.added), grouped(line.changed), grouped(line.present),
          grouped(line.skipped));
  }
  std::size_t shown = 0;
  for (const ExperimentMapping& mapping : report.experiments) {
    if (mapping.to.empty() || mapping.to == mapping.from) continue;
    if (shown == 0) out += "\nExperiments with another id:\n";
    if (++shown > shown_experiments) break;
    out += fmt::format("  {}: {} is {} here\n", mapping.name, mapping.from, mapping.to);
  }
  if (!report.differences.empty()) out += "\nLeft as it is there, or not taken:\n";
  for (std::size_t i = 0; i < std::min(report.differences.size(), shown_differences); ++i) {
    const Difference& difference = report.differences[i];
    out += fmt::format("  {}: {}", difference.first, difference.what);
    out += difference.count > 1 ? fmt::format(" (and {} more)\n", difference.count - 1) : "\n";
  }
  if (report.differences.size() > shown_differences)
    out += fmt::format("  … {} more; -o json shows all\n", report.differences.size() - shown_differences);
  if (!report.left_behind.empty()) out += "\nNot carried over:\n";
  for (const LeftBehind& left : report.left_behind) out += fmt::format("  {} {}\n", left.count, left.what);
  while (out.find(" \n") != std::string::npos) out.erase(out.find(" \n"), 1);
  return out;
}

Json to_json(const Report& report) {
  Json answer{{"rows", Json::array()},
              {"experiments", Json::array()},
              {"differences", Json::array()},
              {"not_carried_over", Json::array()}};
  for (const Line& line : report.lines)
    answer["rows"].push_back({{"what", line.what},
                              {"found", line.found},
                              {"added", line.added},
                              {"changed", line.changed},
                              {"present", line.present},
                              {"skipped", line.skipped}});
  for (const ExperimentMapping& mapping : report.experiments)
    answer["experiments"].push_back({{"name", mapping.name}, {"from", mapping.from}, {"to", mapping.to}});
  for (const Difference& difference : report.differences)
    answer["differences"].push_back(
        {{"first", difference.first}, {"what", difference.what}, {"count", difference.count}});
  for (const LeftBehind& left : report.left_behind)
    answer["not_carried_over"].push_back({{"what", left.what}, {"count", left.count}});
  return answer;
}

}  // namespace ciclo::portability
