// What belongs to runs: loaded for many at once, and the inputs and outputs of one.
#include <algorithm>
#include <unordered_map>

#include "base/json.hpp"
#include "inner_loop/tracking/metric_store.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

using ByNumber = std::unordered_map<std::int64_t, Run*>;

struct Batch {
  sql::Session& session;
  ByNumber runs;
  std::vector<std::int64_t> numbers;
};

// Runs "SELECT <columns> FROM <source> WHERE <number> IN (…)" and hands each row to its run; the number is column 0,
// and rows of one run come together. `keys`: only these; none of them: nothing is read.
struct Source {
  std::string_view select;
  std::string_view order;
  const std::optional<std::vector<std::string>>* keys = nullptr;
};

template <class Take>
Result<void> for_rows(Batch& batch, const Source& source, Take take) {
  Statement statement;
  statement.add(source.select).add(" IN ").bind_list(batch.numbers);
  if (source.keys != nullptr && *source.keys) {
    if ((*source.keys)->empty()) return {};
    statement.add(" AND key IN ").bind_list(**source.keys);
  }
  statement.add(source.order);
  std::int64_t number = -1;
  Run* run = nullptr;
  return statement.scan(batch.session, [&](const sql::RowView& row) {
    if (const std::int64_t next = row.integer(0); next != number || run == nullptr) {
      number = next;
      run = batch.runs.at(number);
    }
    take(*run, row);
    return true;
  });
}

Json tags_to_json(const std::vector<Tag>& tags) {
  Json list = Json::array();
  for (const Tag& tag : tags) list.push_back({{"key", tag.key}, {"value", tag.value}});
  return list;
}

std::vector<Tag> tags_from_text(const std::string& text) {
  std::vector<Tag> tags;
  if (const auto list = parse_json(text)) {
    for (const Json& item : *list) tags.push_back({text_or(item, "key"), text_or(item, "value")});
  }
  return tags;
}

DatasetInput dataset_from(const sql::RowView& row) {
  DatasetInput input;
  input.dataset = {.name = std::string(row.text(1)),
                   .digest = std::string(row.text(2)),
                   .source_type = std::string(row.text(3)),
                   .source = std::string(row.text(4)),
                   .schema = std::string(row.text(5)),
                   .profile = std::string(row.text(6))};
  input.tags = tags_from_text(std::string(row.text(7)));
  return input;
}

Tag pair_from(const sql::RowView& row) {
  return {.key = std::string(row.text(1)), .value = std::string(row.text(2))};
}

Result<void> load_batch(Batch& batch, const DetailKeys& keys) {
  constexpr std::string_view by_key = " ORDER BY run_number, key";
  CICLO_CHECK(for_rows(batch, {"SELECT run_number, key, value FROM params WHERE run_number", by_key, &keys.params},
                       [](Run& run, const sql::RowView& row) { run.params.push_back(pair_from(row)); }));
  CICLO_CHECK(for_rows(batch, {"SELECT run_number, key, value FROM run_tags WHERE run_number", by_key, &keys.tags},
                       [](Run& run, const sql::RowView& row) { run.tags.push_back(pair_from(row)); }));
  CICLO_CHECK(for_rows(batch,
                       {"SELECT run_number, key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_number",
                        by_key, &keys.metrics},
                       [](Run& run, const sql::RowView& row) { run.metrics.push_back(metric_from(row)); }));
  CICLO_CHECK(for_rows(batch,
                       {"SELECT u.run_number, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, u.tags "
                        "FROM run_datasets u "
                        "JOIN datasets d ON d.dataset_number = u.dataset_number WHERE u.run_number",
                        " ORDER BY u.run_number, u.dataset_number"},
                       [](Run& run, const sql::RowView& row) { run.dataset_inputs.push_back(dataset_from(row)); }));
  return for_rows(batch,
                  {"SELECT run_number, direction, model_id, step FROM run_models WHERE run_number",
                   " ORDER BY run_number, direction, step, model_id"},
                  [](Run& run, const sql::RowView& row) {
                    auto& uses = row.text(1) == "input" ? run.model_inputs : run.model_outputs;
                    uses.push_back({.model_id = std::string(row.text(2)), .step = row.integer(3)});
                  });
}

Result<std::int64_t> put_dataset(sql::Session& session, const Run& run, const Dataset& dataset) {
  CICLO_TRY(std::ignore,
            session.execute("INSERT INTO datasets (workspace, experiment_id, name, digest, source_type, "
                            "source, schema, profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                            {run.workspace, run.experiment_id, dataset.name, dataset.digest, dataset.source_type,
                             dataset.source, dataset.schema, dataset.profile}));
  CICLO_TRY(
      const auto row,
      session.query_one("SELECT dataset_number FROM datasets WHERE workspace = ? AND experiment_id = ? AND name = ? "
                        "AND digest = ?",
                        {run.workspace, run.experiment_id, dataset.name, dataset.digest}));
  if (!row) return fail(ErrorCode::internal, "the data set was not stored", dataset.name);
  return row->integer(0);
}

Result<void> put_models(sql::Session& session, const Run& run, std::string_view direction,
                        const std::vector<ModelUse>& models) {
  for (const ModelUse& use : models) {
    CICLO_TRY(std::ignore,
              session.execute("INSERT INTO run_models (run_number, direction, model_id, step) VALUES (?, ?, "
                              "?, ?) ON CONFLICT DO NOTHING",
                              {run.number, direction, use.model_id, use.step}));
  }
  return {};
}

}  // namespace

Result<void> RunStore::load_details(sql::Session& session, std::vector<Run>& runs, const DetailKeys& keys) const {
  for (std::size_t begin = 0; begin < runs.size(); begin += max_bound_list) {
    Batch batch{.session = session, .runs = {}, .numbers = {}};
    for (std::size_t i = begin; i < std::min(begin + max_bound_list, runs.size()); ++i) {
      Run& run = runs[i];
      run.metrics.clear();
      run.params.clear();
      run.tags.clear();
      batch.runs[run.number] = &run;
      batch.numbers.push_back(run.number);
    }
    CICLO_CHECK(load_batch(batch, keys));
  }
  return {};
}

Result<void> RunStore::log_inputs_in(sql::Session& session, const Run& run, const std::vector<DatasetInput>& datasets,
                                     const std::vector<ModelUse>& models) const {
  for (const DatasetInput& input : datasets) {
    CICLO_TRY(const auto number, put_dataset(session, run, input.dataset));
    CICLO_TRY(std::ignore,
              session.execute("INSERT INTO run_datasets (run_number, dataset_number, context, tags) VALUES (?, "
                              "?, ?, ?) ON CONFLICT (run_number, dataset_number) DO NOTHING",
                              {run.number, number, find_tag(input.tags, "mlflow.data.context").value_or(""),
                               to_text(tags_to_json(input.tags))}));
  }
  return put_models(session, run, "input", models);
}

Result<void> RunStore::log_outputs_in(sql::Session& session, const Run& run,
                                      const std::vector<ModelUse>& models) const {
  return put_models(session, run, "output", models);
}

}  // namespace ciclo::tracking
