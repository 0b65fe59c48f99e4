// Histories of metrics from another store: what is here already is found by walking both in their common order.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "inner_loop/tracking/import_active.hpp"
#include "inner_loop/tracking/import_service.hpp"
#include "inner_loop/tracking/limits.hpp"

namespace ciclo::tracking {
namespace {

using Position = std::tuple<std::int64_t, std::int64_t, double, bool>;

// The order of MetricStore::history.
Position position_of(const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  return {metric.step, metric.timestamp, stored.value, stored.is_nan};
}

void sort_and_make_unique(std::vector<Metric>& points) {
  std::ranges::sort(points, {}, position_of);
  const auto repeated = std::ranges::unique(points, {}, position_of);
  points.erase(repeated.begin(), repeated.end());
}

struct HistorySearch {
  sql::Session& session;
  RunRef run;
  std::string key;
};

// A position that everything of this timestamp and later comes after; nothing when that is the start.
std::optional<Metric> before(const Metric& first) {
  if (first.timestamp == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  Metric position;
  position.step = first.step;
  position.timestamp = first.timestamp - 1;
  position.value = std::numeric_limits<double>::max();
  return position;
}

// Takes out of `points`, which are sorted, those that are here.
Result<void> remove_known(const MetricStore& store, const HistorySearch& search, std::vector<Metric>& points) {
  constexpr std::size_t page = 10'000;
  std::vector<Metric> fresh;
  HistoryRequest request{.run = search.run, .key = search.key, .limit = page, .after = before(points.front())};
  auto next = points.begin();
  for (;;) {
    CICLO_TRY(const auto here, store.history(search.session, request));
    for (const Metric& known : here) {
      while (next != points.end() && position_of(*next) < position_of(known)) fresh.push_back(std::move(*next++));
      if (next != points.end() && position_of(*next) == position_of(known)) ++next;
      if (next == points.end()) break;
    }
    if (next == points.end() || here.size() < page) break;
    request.after = here.back();
  }
  std::move(next, points.end(), std::back_inserter(fresh));
  points = std::move(fresh);
  return {};
}

using ByRun = std::map<std::string, std::vector<ImportedHistory*>>;

}  // namespace

Result<void> ImportService::histories_in(sql::Session& session, const Run& run,
                                         const std::vector<ImportedHistory*>& histories, ImportCounts& counts) const {
  const RunRef ref{.workspace = run.workspace, .run_id = run.run_id};
  std::vector<Metric> fresh;
  for (const ImportedHistory* history : histories) {
    std::vector<Metric> points = history->points;
    sort_and_make_unique(points);
    const auto latest = std::ranges::find(run.metrics, history->key, &Metric::key);
    if (latest != run.metrics.end() && position_of(points.front()) <= position_of(*latest))
      CICLO_CHECK(remove_known(metric_store_, {session, ref, history->key}, points));
    counts.added += points.size();
    counts.present += history->points.size() - points.size();
    std::ranges::move(points, std::back_inserter(fresh));
  }
  if (fresh.empty()) return {};
  ActiveRun active(session, run);
  CICLO_CHECK(active.begin());
  CICLO_CHECK(metric_store_.log_in(session, ref, fresh));
  return active.end();
}

Result<ImportCounts> ImportService::metrics(const std::string& workspace, std::vector<ImportedHistory> items) {
  CICLO_CHECK(experiments_service_.ensure_default(workspace));
  ImportCounts refused;
  ByRun by_run;
  for (ImportedHistory& item : items) {
    if (const auto valid = check_key(item.key, "metric name"); !valid)
      refused.differences.push_back(fmt::format("run {}: {}", item.run_id, valid.error().message));
    else if (!item.points.empty()) by_run[item.run_id].push_back(&item);
  }
  return database_.write([&](sql::Session& session) -> Result<ImportCounts> {
    ImportCounts counts = refused;
    std::vector<Run> runs;
    for (const auto& [run_id, histories] : by_run) {
      CICLO_TRY(auto found, run_store_.find(session, {.workspace = workspace, .run_id = run_id}));
      if (found) runs.push_back(std::move(*found));
      else counts.differences.push_back(fmt::format("run {}: it is not here", run_id));
    }
    CICLO_CHECK(run_store_.load_details(session, runs));
    for (const Run& run : runs) CICLO_CHECK(histories_in(session, run, by_run.at(run.run_id), counts));
    return counts;
  });
}

}  // namespace ciclo::tracking
