#include "inner_loop/evaluation/dataset_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/search_sql.hpp"

namespace ciclo::evaluation {
namespace {

using tracking::ColumnType;
using tracking::SearchColumn;
using tracking::Statement;

constexpr std::string_view dataset_columns =
    "d.dataset_id, d.workspace, d.name, d.digest, d.schema_json, d.records, d.created_by, d.last_updated_by, "
    "d.created_time, d.last_update_time, d.dataset_number";
constexpr std::size_t dataset_column_count = 11;
constexpr std::string_view record_columns =
    "record_id, inputs, outputs, expectations, tags, source, created_by, last_updated_by, created_time, "
    "last_update_time";

Result<EvaluationDataset> dataset_from(const sql::Row& row) {
  EvaluationDataset dataset;
  dataset.id = row.text(0);
  dataset.workspace = row.text(1);
  dataset.name = row.text(2);
  dataset.digest = row.text(3);
  CICLO_TRY(dataset.schema, parse_json(row.text(4)));
  dataset.records = row.integer(5);
  dataset.created_by = row.text(6);
  dataset.last_updated_by = row.text(7);
  dataset.created_time = row.integer(8);
  dataset.last_update_time = row.integer(9);
  dataset.number = row.integer(10);
  return dataset;
}

Result<DatasetRecord> record_from(const sql::Row& row, const EvaluationDataset& dataset) {
  DatasetRecord record;
  record.id = row.text(0);
  record.dataset_id = dataset.id;
  CICLO_TRY(record.inputs, parse_json(row.text(1)));
  CICLO_TRY(record.outputs, parse_json(row.text(2)));
  CICLO_TRY(record.expectations, parse_json(row.text(3)));
  CICLO_TRY(record.tags, parse_json(row.text(4)));
  CICLO_TRY(record.source, parse_json(row.text(5)));
  record.created_by = row.text(6);
  record.last_updated_by = row.text(7);
  record.created_time = row.integer(8);
  record.last_update_time = row.integer(9);
  return record;
}

Result<void> load_details(sql::Session& session, EvaluationDataset& dataset) {
  CICLO_TRY(const auto tags,
            session.query("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_number = ?", {dataset.number}));
  for (const sql::Row& row : tags) dataset.tags[row.text(0)] = row.text(1);
  CICLO_TRY(const auto experiments,
            session.query("SELECT experiment_id FROM evaluation_dataset_experiments WHERE dataset_number = ? ORDER BY "
                          "experiment_id",
                          {dataset.number}));
  for (const sql::Row& row : experiments) dataset.experiment_ids.push_back(row.integer(0));
  return {};
}

std::optional<SearchColumn> attribute(std::string_view name) {
  if (name == "name") return SearchColumn{.sql = "d.name"};
  if (name == "dataset_id") return SearchColumn{.sql = "d.dataset_id"};
  if (name == "created_by") return SearchColumn{.sql = "d.created_by"};
  if (name == "last_updated_by") return SearchColumn{.sql = "d.last_updated_by"};
  if (name == "created_time") return SearchColumn{.sql = "d.created_time", .type = ColumnType::integer};
  if (name == "last_update_time") return SearchColumn{.sql = "d.last_update_time", .type = ColumnType::integer};
  return std::nullopt;
}

const tracking::Domain& domain() {
  static const tracking::Domain domain{
      .noun = "evaluation dataset",
      .attribute = attribute,
      .attribute_names = {"name", "created_time", "last_update_time", "created_by", "last_updated_by"},
      .metrics = {},
      .params = {},
      .tags = {.table = "evaluation_dataset_tags", .owner = "c.dataset_number = d.dataset_number", .also = {}},
      .datasets = {}};
  return domain;
}

Result<tracking::SortPlan> plan_of(const DatasetSearch& request) {
  std::vector<tracking::Order> orders;
  for (const std::string& text : request.order_by) {
    CICLO_TRY(auto order, tracking::parse_order(text));
    orders.push_back(std::move(order));
  }
  if (orders.empty())
    orders.push_back({.entity = tracking::Entity::attribute, .key = "created_time", .ascending = false});
  return tracking::sort_plan(
      domain(), orders,
      {{.expression = {.text = "d.dataset_id", .parameters = {}}, .type = ColumnType::text, .ascending = false}});
}

}  // namespace

Result<void> DatasetStore::insert(sql::Session& session, EvaluationDataset& dataset) const {
  CICLO_TRY(const auto rows,
            session.query(
                "INSERT INTO evaluation_datasets (dataset_id, workspace, name, digest, schema_json, records, "
                "created_by, last_updated_by, created_time, last_update_time) VALUES (?,?,?,?,?,?,?,?,?,?) "
                "RETURNING dataset_number",
                {dataset.id, dataset.workspace, dataset.name, dataset.digest, to_text(dataset.schema), dataset.records,
                 dataset.created_by, dataset.last_updated_by, dataset.created_time, dataset.last_update_time}));
  if (rows.empty()) return fail(ErrorCode::internal, "the data set was not stored", dataset.id);
  dataset.number = rows.front().integer(0);
  for (const auto& [key, value] : dataset.tags.items())
    CICLO_CHECK(put_tag(session, dataset, {.key = key, .value = value.get<std::string>()}));
  for (const std::int64_t id : dataset.experiment_ids) CICLO_CHECK(add_experiment(session, dataset, id));
  return {};
}

Result<void> DatasetStore::update(sql::Session& session, const EvaluationDataset& dataset) const {
  CICLO_CHECK(
      session.execute("UPDATE evaluation_datasets SET digest = ?, schema_json = ?, records = ?, last_updated_by = ?, "
                      "last_update_time = ? WHERE dataset_number = ?",
                      {dataset.digest, to_text(dataset.schema), dataset.records, dataset.last_updated_by,
                       dataset.last_update_time, dataset.number}));
  return {};
}

Result<std::optional<EvaluationDataset>> DatasetStore::find(sql::Session& session, const DatasetRef& ref) const {
  CICLO_TRY(const auto row,
            session.query_one(fmt::format("SELECT {} FROM evaluation_datasets d WHERE d.workspace = ? AND d.dataset_id "
                                          "= ?",
                                          dataset_columns),
                              {ref.workspace, ref.id}));
  if (!row) return std::optional<EvaluationDataset>();
  CICLO_TRY(auto dataset, dataset_from(*row));
  CICLO_CHECK(load_details(session, dataset));
  return std::optional<EvaluationDataset>(std::move(dataset));
}

Result<EvaluationDataset> DatasetStore::get(sql::Session& session, const DatasetRef& ref) const {
  CICLO_TRY(auto found, find(session, ref));
  if (found) return std::move(*found);
  return fail(ErrorCode::not_found, fmt::format("Evaluation dataset with id '{}' not found", ref.id.substr(0, 100)),
              "dataset_id");
}

Result<void> DatasetStore::remove(sql::Session& session, const DatasetRef& ref) const {
  CICLO_TRY(const auto found, find(session, ref));
  if (!found) return {};
  for (const char* table :
       {"evaluation_dataset_tags", "evaluation_dataset_experiments", "evaluation_records", "evaluation_datasets"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE dataset_number = ?", table), {found->number}));
  return {};
}

Result<tracking::Page<EvaluationDataset>> DatasetStore::search(sql::Session& session,
                                                               const DatasetSearch& request) const {
  CICLO_TRY(const auto expression, tracking::parse_filter(request.filter));
  CICLO_TRY(const auto condition, tracking::condition_sql(domain(), expression, session.dialect()));
  CICLO_TRY(const auto plan, plan_of(request));
  std::string purpose =
      fmt::format("evaluation datasets\n{}\n{}\n{}", request.workspace, request.filter, join(request.order_by, ","));
  for (const std::int64_t id : request.experiment_ids) purpose += fmt::format("\n{}", id);
  CICLO_TRY(const auto after, tracking::after_sql(purpose, plan, request.page_token));
  Statement statement;
  statement.add("SELECT ").add(dataset_columns).add(tracking::sort_columns(plan));
  statement.add(" FROM evaluation_datasets d").add(plan.joins).add(" WHERE d.workspace = ").bind(request.workspace);
  if (!request.experiment_ids.empty()) {
    statement.add(
        " AND d.dataset_number IN (SELECT e.dataset_number FROM evaluation_dataset_experiments e WHERE e.workspace = ");
    statement.bind(request.workspace).add(" AND e.experiment_id IN ").bind_list(request.experiment_ids).add(")");
  }
  statement.add(" AND ").add(condition).add(after).add(tracking::order_by_sql(plan));
  statement.add(" LIMIT ").bind(request.max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  tracking::Page<EvaluationDataset> page;
  for (std::size_t i = 0; i < std::min(rows.size(), request.max_results); ++i) {
    CICLO_TRY(auto dataset, dataset_from(rows[i]));
    CICLO_CHECK(load_details(session, dataset));
    page.items.push_back(std::move(dataset));
  }
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token,
              tracking::next_token(purpose, plan, rows[request.max_results - 1], dataset_column_count));
  }
  return page;
}

Result<void> DatasetStore::put_tag(sql::Session& session, const EvaluationDataset& dataset,
                                   const tracking::Tag& tag) const {
  CICLO_CHECK(
      session.execute("INSERT INTO evaluation_dataset_tags (dataset_number, key, value) VALUES (?,?,?) ON CONFLICT "
                      "(dataset_number, key) DO UPDATE SET value = excluded.value",
                      {dataset.number, tag.key, tag.value}));
  return {};
}

Result<void> DatasetStore::remove_tag(sql::Session& session, const EvaluationDataset& dataset,
                                      const std::string& key) const {
  CICLO_CHECK(session.execute("DELETE FROM evaluation_dataset_tags WHERE dataset_number = ? AND key = ?",
                              {dataset.number, key}));
  return {};
}

Result<void> DatasetStore::add_experiment(sql::Session& session, const EvaluationDataset& dataset,
                                          std::int64_t experiment_id) const {
  CICLO_CHECK(
      session.execute("INSERT INTO evaluation_dataset_experiments (dataset_number, workspace, experiment_id) VALUES "
                      "(?,?,?) ON CONFLICT DO NOTHING",
                      {dataset.number, dataset.workspace, experiment_id}));
  return {};
}

Result<void> DatasetStore::remove_experiment(sql::Session& session, const EvaluationDataset& dataset,
                                             std::int64_t experiment_id) const {
  CICLO_CHECK(
      session.execute("DELETE FROM evaluation_dataset_experiments WHERE dataset_number = ? AND experiment_id = ?",
                      {dataset.number, experiment_id}));
  return {};
}

Result<void> DatasetStore::purge(sql::Session& session, const std::string& workspace,
                                 std::int64_t experiment_id) const {
  CICLO_CHECK(session.execute("DELETE FROM evaluation_dataset_experiments WHERE workspace = ? AND experiment_id = ?",
                              {workspace, experiment_id}));
  return {};
}

Result<std::optional<DatasetRecord>> DatasetStore::find_record(sql::Session& session, const EvaluationDataset& dataset,
                                                               const std::string& input_hash) const {
  CICLO_TRY(
      const auto row,
      session.query_one(
          fmt::format("SELECT {} FROM evaluation_records WHERE dataset_number = ? AND input_hash = ?", record_columns),
          {dataset.number, input_hash}));
  if (!row) return std::optional<DatasetRecord>();
  CICLO_TRY(auto record, record_from(*row, dataset));
  return std::optional<DatasetRecord>(std::move(record));
}

Result<bool> DatasetStore::insert_record(sql::Session& session, const EvaluationDataset& dataset,
                                         const DatasetRecord& record, const std::string& input_hash) const {
  CICLO_TRY(const auto inserted,
            session.execute(fmt::format("INSERT INTO evaluation_records ({}, dataset_number, input_hash) VALUES "
                                        "(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
                                        record_columns),
                            {record.id, to_text(record.inputs), to_text(record.outputs), to_text(record.expectations),
                             to_text(record.tags), to_text(record.source), record.created_by, record.last_updated_by,
                             record.created_time, record.last_update_time, dataset.number, input_hash}));
  return inserted > 0;
}

Result<void> DatasetStore::update_record(sql::Session& session, const EvaluationDataset& dataset,
                                         const DatasetRecord& record) const {
  CICLO_CHECK(
      session.execute("UPDATE evaluation_records SET outputs = ?, expectations = ?, tags = ?, last_updated_by = ?, "
                      "last_update_time = ? WHERE dataset_number = ? AND record_id = ?",
                      {to_text(record.outputs), to_text(record.expectations), to_text(record.tags),
                       record.last_updated_by, record.last_update_time, dataset.number, record.id}));
  return {};
}

Result<tracking::Page<DatasetRecord>> DatasetStore::records(sql::Session& session, const EvaluationDataset& dataset,
                                                            std::size_t max_results,
                                                            const std::string& page_token) const {
  const std::string purpose = "evaluation records\n" + dataset.id;
  Statement statement;
  statement.add("SELECT ").add(record_columns).add(" FROM evaluation_records WHERE dataset_number = ");
  statement.bind(dataset.number);
  if (!page_token.empty()) {
    CICLO_TRY(const auto position, tracking::read_page_token(purpose, page_token));
    if (!position.is_array() || position.size() != 2 || !position[0].is_number_integer() || !position[1].is_string())
      return fail(ErrorCode::invalid, "Invalid page token", "page_token");
    statement.add(" AND (created_time, record_id) > (").bind(position[0].get<std::int64_t>()).add(", ");
    statement.bind(position[1].get<std::string>()).add(")");
  }
  statement.add(" ORDER BY created_time, record_id LIMIT ").bind(max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  tracking::Page<DatasetRecord> page;
  for (std::size_t i = 0; i < std::min(rows.size(), max_results); ++i) {
    CICLO_TRY(auto record, record_from(rows[i], dataset));
    page.items.push_back(std::move(record));
  }
  if (rows.size() > max_results)
    page.next_page_token =
        tracking::make_page_token(purpose, Json::array({page.items.back().created_time, page.items.back().id}));
  return page;
}

Result<std::int64_t> DatasetStore::remove_records(sql::Session& session, const EvaluationDataset& dataset,
                                                  const std::vector<std::string>& record_ids) const {
  std::int64_t removed = 0;
  for (const std::string& id : record_ids) {
    CICLO_TRY(const auto changed,
              session.execute("DELETE FROM evaluation_records WHERE dataset_number = ? AND record_id = ?",
                              {dataset.number, id}));
    removed += changed;
  }
  return removed;
}

}  // namespace ciclo::evaluation
