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
    "d.created_time, d.last_update_time";
constexpr std::size_t dataset_column_count = 10;
constexpr std::string_view record_columns =
    "record_id, dataset_id, inputs, outputs, expectations, tags, source, created_by, last_updated_by, created_time, "
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
  return dataset;
}

Result<DatasetRecord> record_from(const sql::Row& row) {
  DatasetRecord record;
  record.id = row.text(0);
  record.dataset_id = row.text(1);
  CICLO_TRY(record.inputs, parse_json(row.text(2)));
  CICLO_TRY(record.outputs, parse_json(row.text(3)));
  CICLO_TRY(record.expectations, parse_json(row.text(4)));
  CICLO_TRY(record.tags, parse_json(row.text(5)));
  CICLO_TRY(record.source, parse_json(row.text(6)));
  record.created_by = row.text(7);
  record.last_updated_by = row.text(8);
  record.created_time = row.integer(9);
  record.last_update_time = row.integer(10);
  return record;
}

Result<void> load_details(sql::Session& session, EvaluationDataset& dataset) {
  CICLO_TRY(const auto tags,
            session.query("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_id = ?", {dataset.id}));
  for (const sql::Row& row : tags) dataset.tags[row.text(0)] = row.text(1);
  CICLO_TRY(const auto experiments,
            session.query("SELECT experiment_id FROM evaluation_dataset_experiments WHERE dataset_id = ? ORDER BY "
                          "experiment_id",
                          {dataset.id}));
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
      .tags = {.table = "evaluation_dataset_tags", .owner = "c.dataset_id = d.dataset_id", .also = {}},
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

Result<void> DatasetStore::insert(sql::Session& session, const EvaluationDataset& dataset) const {
  CICLO_CHECK(session.execute(
      "INSERT INTO evaluation_datasets (dataset_id, workspace, name, digest, schema_json, records, created_by, "
      "last_updated_by, created_time, last_update_time) VALUES (?,?,?,?,?,?,?,?,?,?)",
      {dataset.id, dataset.workspace, dataset.name, dataset.digest, to_text(dataset.schema), dataset.records,
       dataset.created_by, dataset.last_updated_by, dataset.created_time, dataset.last_update_time}));
  for (const auto& [key, value] : dataset.tags.items())
    CICLO_CHECK(put_tag(session, dataset.id, {.key = key, .value = value.get<std::string>()}));
  for (const std::int64_t id : dataset.experiment_ids)
    CICLO_CHECK(add_experiment(session, {dataset.workspace, dataset.id}, id));
  return {};
}

Result<void> DatasetStore::update(sql::Session& session, const EvaluationDataset& dataset) const {
  CICLO_CHECK(
      session.execute("UPDATE evaluation_datasets SET digest = ?, schema_json = ?, records = ?, last_updated_by = ?, "
                      "last_update_time = "
                      "? WHERE dataset_id = ?",
                      {dataset.digest, to_text(dataset.schema), dataset.records, dataset.last_updated_by,
                       dataset.last_update_time, dataset.id}));
  return {};
}

Result<EvaluationDataset> DatasetStore::get(sql::Session& session, const DatasetRef& ref) const {
  CICLO_TRY(const auto row,
            session.query_one(fmt::format("SELECT {} FROM evaluation_datasets d WHERE d.dataset_id = ? AND d.workspace "
                                          "= ?",
                                          dataset_columns),
                              {ref.id, ref.workspace}));
  if (!row)
    return fail(ErrorCode::not_found, fmt::format("Evaluation dataset with id '{}' not found", ref.id.substr(0, 100)),
                "dataset_id");
  CICLO_TRY(auto dataset, dataset_from(*row));
  CICLO_CHECK(load_details(session, dataset));
  return dataset;
}

Result<void> DatasetStore::remove(sql::Session& session, const DatasetRef& ref) const {
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM evaluation_datasets WHERE dataset_id = ? AND workspace = ?",
                            {ref.id, ref.workspace}));
  if (removed == 0) return {};
  for (const char* table : {"evaluation_dataset_tags", "evaluation_dataset_experiments", "evaluation_records"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE dataset_id = ?", table), {ref.id}));
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
        " AND d.dataset_id IN (SELECT e.dataset_id FROM evaluation_dataset_experiments e WHERE e.workspace = ");
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

Result<void> DatasetStore::put_tag(sql::Session& session, const std::string& dataset_id,
                                   const tracking::Tag& tag) const {
  CICLO_CHECK(
      session.execute("INSERT INTO evaluation_dataset_tags (dataset_id, key, value) VALUES (?,?,?) ON CONFLICT "
                      "(dataset_id, key) DO UPDATE SET value = excluded.value",
                      {dataset_id, tag.key, tag.value}));
  return {};
}

Result<void> DatasetStore::remove_tag(sql::Session& session, const std::string& dataset_id,
                                      const std::string& key) const {
  CICLO_CHECK(
      session.execute("DELETE FROM evaluation_dataset_tags WHERE dataset_id = ? AND key = ?", {dataset_id, key}));
  return {};
}

Result<void> DatasetStore::add_experiment(sql::Session& session, const DatasetRef& ref,
                                          std::int64_t experiment_id) const {
  CICLO_CHECK(
      session.execute("INSERT INTO evaluation_dataset_experiments (dataset_id, workspace, experiment_id) VALUES "
                      "(?,?,?) ON CONFLICT DO NOTHING",
                      {ref.id, ref.workspace, experiment_id}));
  return {};
}

Result<void> DatasetStore::remove_experiment(sql::Session& session, const DatasetRef& ref,
                                             std::int64_t experiment_id) const {
  CICLO_CHECK(session.execute("DELETE FROM evaluation_dataset_experiments WHERE dataset_id = ? AND experiment_id = ?",
                              {ref.id, experiment_id}));
  return {};
}

Result<std::optional<DatasetRecord>> DatasetStore::find_record(sql::Session& session, const std::string& dataset_id,
                                                               const std::string& input_hash) const {
  CICLO_TRY(const auto row,
            session.query_one(fmt::format("SELECT {} FROM evaluation_records WHERE dataset_id = ? AND input_hash = ?",
                                          record_columns),
                              {dataset_id, input_hash}));
  if (!row) return std::optional<DatasetRecord>();
  CICLO_TRY(auto record, record_from(*row));
  return std::optional<DatasetRecord>(std::move(record));
}

Result<bool> DatasetStore::insert_record(sql::Session& session, const DatasetRecord& record,
                                         const std::string& input_hash) const {
  CICLO_TRY(
      const auto inserted,
      session.execute(
          fmt::format(
              "INSERT INTO evaluation_records ({}, input_hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
              record_columns),
          {record.id, record.dataset_id, to_text(record.inputs), to_text(record.outputs), to_text(record.expectations),
           to_text(record.tags), to_text(record.source), record.created_by, record.last_updated_by, record.created_time,
           record.last_update_time, input_hash}));
  return inserted > 0;
}

Result<void> DatasetStore::update_record(sql::Session& session, const DatasetRecord& record) const {
  CICLO_CHECK(
      session.execute("UPDATE evaluation_records SET outputs = ?, expectations = ?, tags = ?, last_updated_by = ?, "
                      "last_update_time = ? "
                      "WHERE record_id = ?",
                      {to_text(record.outputs), to_text(record.expectations), to_text(record.tags),
                       record.last_updated_by, record.last_update_time, record.id}));
  return {};
}

Result<tracking::Page<DatasetRecord>> DatasetStore::records(sql::Session& session, const std::string& dataset_id,
                                                            std::size_t max_results,
                                                            const std::string& page_token) const {
  const std::string purpose = "evaluation records\n" + dataset_id;
  Statement statement;
  statement.add("SELECT ").add(record_columns).add(" FROM evaluation_records WHERE dataset_id = ").bind(dataset_id);
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
    CICLO_TRY(auto record, record_from(rows[i]));
    page.items.push_back(std::move(record));
  }
  if (rows.size() > max_results)
    page.next_page_token =
        tracking::make_page_token(purpose, Json::array({page.items.back().created_time, page.items.back().id}));
  return page;
}

Result<std::int64_t> DatasetStore::remove_records(sql::Session& session, const std::string& dataset_id,
                                                  const std::vector<std::string>& record_ids) const {
  std::int64_t removed = 0;
  for (const std::string& id : record_ids) {
    CICLO_TRY(
        const auto changed,
        session.execute("DELETE FROM evaluation_records WHERE dataset_id = ? AND record_id = ?", {dataset_id, id}));
    removed += changed;
  }
  return removed;
}

}  // namespace ciclo::evaluation
