// Which tables hold rows of what, and the removal of such rows in batches.
#include <fmt/format.h>

#include "inner_loop/tracking/purge_store.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view of_run = "run_number = ?";
constexpr std::string_view of_model = "model_number = ?";
constexpr std::string_view of_experiment = "workspace = ? AND experiment_id = ?";

std::vector<sql::Value> owner_values(const OwnedTable& table, const Purge& purge) {
  if (table.is_by_workspace) return {purge.workspace, purge.owner};
  return {purge.owner};
}

// The key of the last row of a batch of `most`; nothing when the owner has fewer rows.
Result<std::optional<std::vector<sql::Value>>> end_of_batch(sql::Session& session, const OwnedTable& table,
                                                            const Purge& purge, std::size_t most) {
  auto values = owner_values(table, purge);
  values.emplace_back(most - 1);
  CICLO_TRY(const auto rows, session.query(fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 1 OFFSET ?",
                                                       table.keys, table.name, table.owned),
                                           values));
  if (rows.empty()) return std::nullopt;
  std::vector<sql::Value> key;
  for (std::size_t i = 0; i < table.types.size(); ++i) {
    if (table.types[i] == 't') key.emplace_back(rows.front().text(i));
    else key.emplace_back(rows.front().integer(i));
  }
  return key;
}

Result<Erased> erase_batch(sql::Session& session, const OwnedTable& table, const Purge& purge, std::size_t most) {
  auto values = owner_values(table, purge);
  std::string condition(table.owned);
  CICLO_TRY(auto end, end_of_batch(session, table, purge, most));
  if (end) {
    std::string marks = "?";
    for (std::size_t i = 1; i < end->size(); ++i) marks += ", ?";
    condition += fmt::format(" AND ({}) <= ({})", table.keys, marks);
    values.insert(values.end(), std::make_move_iterator(end->begin()), std::make_move_iterator(end->end()));
  }
  CICLO_TRY(const auto rows, session.execute(fmt::format("DELETE FROM {} WHERE {}", table.name, condition), values));
  return Erased{.rows = rows, .is_done = !end};
}

}  // namespace

const std::vector<OwnedTable>& tables_of(PurgeKind kind) {
  static const std::vector<OwnedTable> of_runs{
      {"metrics", of_run, false, "series, step, timestamp", "iii"},
      {"latest_metrics", of_run, false, "key", "t"},
      {"params", of_run, false, "key", "t"},
      {"run_tags", of_run, false, "key", "t"},
      {"run_datasets", of_run, false, "dataset_number", "i"},
      {"run_models", of_run, false, "direction, model_id, step", "tti"},
  };
  static const std::vector<OwnedTable> of_models{
      {"logged_model_params", of_model, false, "key", "t"},
      {"logged_model_tags", of_model, false, "key", "t"},
      {"logged_model_metrics", of_model, false, "run_id, key, dataset_name, dataset_digest", "tttt"},
  };
  static const std::vector<OwnedTable> of_experiments{
      {"experiment_tags", of_experiment, true, "key", "t"},
      {"experiment_numbers", of_experiment, true, "experiment_number", "i"},
  };
  static const std::vector<OwnedTable> none;
  switch (kind) {
    case PurgeKind::run: return of_runs;
    case PurgeKind::logged_model: return of_models;
    case PurgeKind::experiment: return of_experiments;
    case PurgeKind::files: return none;
  }
  return none;
}

Result<Erased> PurgeStore::erase_in(sql::Session& session, const Purge& purge, std::size_t most) const {
  Erased all{.rows = 0, .is_done = true};
  for (const OwnedTable& table : tables_of(purge.kind)) {
    const auto done = static_cast<std::size_t>(all.rows);
    if (done >= most) return Erased{.rows = all.rows, .is_done = false};
    CICLO_TRY(const auto erased, erase_batch(session, table, purge, most - done));
    all.rows += erased.rows;
    if (!erased.is_done) return Erased{.rows = all.rows, .is_done = false};
  }
  return all;
}

Result<std::int64_t> PurgeStore::count_rows(sql::Session& session, const Purge& purge) const {
  std::int64_t rows = purge.kind == PurgeKind::files ? 0 : 1;
  for (const OwnedTable& table : tables_of(purge.kind)) {
    CICLO_TRY(const auto counted,
              session.query(fmt::format("SELECT COUNT(*) FROM {} WHERE {}", table.name, table.owned),
                            owner_values(table, purge)));
    rows += counted.front().integer(0);
  }
  return rows;
}

Result<std::vector<std::int64_t>> PurgeStore::unused_datasets(sql::Session& session,
                                                              const PurgeCandidates& wanted) const {
  Statement statement;
  statement.add("SELECT d.dataset_number FROM datasets d WHERE d.workspace = ").bind(wanted.workspace);
  if (wanted.experiment_id) statement.add(" AND d.experiment_id = ").bind(*wanted.experiment_id);
  statement.add(" AND d.dataset_number > ").bind(wanted.after.number);
  statement.add(" AND NOT EXISTS (SELECT 1 FROM run_datasets n JOIN runs r ON r.run_number = n.run_number WHERE ");
  statement.add("n.dataset_number = d.dataset_number");
  // Before anything is deleted (a dry run), runs that will be gone do not count.
  if (wanted.before != 0)
    statement.add(" AND NOT (r.lifecycle_stage = 'deleted' AND r.deleted_time <= ").bind(wanted.before).add(")");
  statement.add(") ORDER BY d.dataset_number LIMIT ").bind(wanted.limit);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<std::int64_t> numbers;
  for (const sql::Row& row : rows) numbers.push_back(row.integer(0));
  return numbers;
}

Result<std::int64_t> PurgeStore::erase_datasets_in(sql::Session& session,
                                                   const std::vector<std::int64_t>& numbers) const {
  if (numbers.empty()) return 0;
  Statement statement;
  statement.add("DELETE FROM datasets WHERE dataset_number IN ").bind_list(numbers);
  statement.add(" AND NOT EXISTS (SELECT 1 FROM run_datasets r WHERE r.dataset_number = datasets.dataset_number)");
  return statement.execute(session);
}

}  // namespace ciclo::tracking
