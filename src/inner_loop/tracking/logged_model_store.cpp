#include "inner_loop/tracking/logged_model_store.hpp"

#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "inner_loop/tracking/metric_store.hpp"
#include "inner_loop/tracking/search_sql.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view model_columns =
    "l.model_number, l.workspace, l.model_id, l.experiment_id, l.name, l.artifact_uri, l.creation_time, "
    "l.last_update_time, "
    "l.status, l.status_message, l.model_type, l.source_run_id";
constexpr std::size_t model_column_count = 12;

struct Numbered {
  std::int64_t number = 0;
  LoggedModel model;
};

Numbered model_from(const sql::Row& row) {
  Numbered read;
  read.number = row.integer(0);
  LoggedModel& model = read.model;
  model.workspace = row.text(1);
  model.model_id = row.text(2);
  model.experiment_id = row.integer(3);
  model.name = row.text(4);
  model.artifact_uri = row.text(5);
  model.creation_time = row.integer(6);
  model.last_update_time = row.integer(7);
  model.status = parse_model_status(std::to_string(row.integer(8))).value_or(ModelStatus::unspecified);
  model.status_message = row.text(9);
  model.model_type = row.text(10);
  model.source_run_id = row.text(11);
  return read;
}

template <class Take>
Result<void> for_rows(sql::Session& session, std::string_view select, const std::vector<std::int64_t>& numbers,
                      Take take) {
  for (std::size_t begin = 0; begin < numbers.size(); begin += max_bound_list) {
    const std::size_t end = std::min<std::size_t>(begin + max_bound_list, numbers.size());
    const auto at = [&](std::size_t i) { return numbers.begin() + static_cast<std::ptrdiff_t>(i); };
    Statement statement;
    statement.add(select).add(" IN ").bind_list(std::vector<std::int64_t>(at(begin), at(end))).add(" ORDER BY 1, 2");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) take(row);
  }
  return {};
}

Result<void> load_details(sql::Session& session, std::vector<Numbered>& models) {
  std::map<std::int64_t, LoggedModel*> by_number;
  std::vector<std::int64_t> numbers;
  for (Numbered& each : models) {
    by_number[each.number] = &each.model;
    numbers.push_back(each.number);
  }
  CICLO_CHECK(for_rows(session, "SELECT model_number, key, value FROM logged_model_params WHERE model_number", numbers,
                       [&](const sql::Row& row) {
                         by_number[row.integer(0)]->params.push_back({row.text(1), row.text(2)});
                       }));
  CICLO_CHECK(for_rows(session, "SELECT model_number, key, value FROM logged_model_tags WHERE model_number", numbers,
                       [&](const sql::Row& row) {
                         by_number[row.integer(0)]->tags.push_back({row.text(1), row.text(2)});
                       }));
  return for_rows(session,
                  "SELECT model_number, key, value, timestamp, step, is_nan, run_id, dataset_name, dataset_digest FROM "
                  "logged_model_metrics WHERE model_number",
                  numbers, [&](const sql::Row& row) {
                    Metric metric = metric_from(row);
                    metric.run_id = row.text(6);
                    metric.dataset_name = row.text(7);
                    metric.dataset_digest = row.text(8);
                    LoggedModel& model = *by_number[row.integer(0)];
                    metric.model_id = model.model_id;
                    model.metrics.push_back(std::move(metric));
                  });
}

Result<std::vector<Numbered>> query_models(sql::Session& session, const Statement& rest) {
  Statement statement;
  statement.add("SELECT ").add(model_columns).add(" FROM logged_models l WHERE ").add(rest);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<Numbered> models;
  for (const sql::Row& row : rows) models.push_back(model_from(row));
  CICLO_CHECK(load_details(session, models));
  return models;
}

Result<std::vector<Numbered>> query_ref(sql::Session& session, const ModelRef& ref) {
  Statement condition;
  condition.add("l.lifecycle_stage = 'active' AND l.workspace = ").bind(ref.workspace);
  condition.add(" AND l.model_id = ").bind(ref.model_id);
  return query_models(session, condition);
}

Failure not_found(const ModelRef& ref) {
  return fail(ErrorCode::not_found, fmt::format("Logged model with ID '{}' not found", ref.model_id),
              "logged-models/" + ref.model_id);
}

Result<std::int64_t> number_of(sql::Session& session, const ModelRef& ref) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT model_number FROM logged_models WHERE workspace = ? AND model_id = ? "
                              "AND lifecycle_stage = 'active'",
                              {ref.workspace, ref.model_id}));
  if (row) return row->integer(0);
  return not_found(ref);
}

Result<void> put_pairs(sql::Session& session, std::string_view statement, std::int64_t number,
                       const std::vector<Tag>& pairs) {
  for (const Tag& pair : pairs) {
    CICLO_TRY(std::ignore, session.execute(statement, {number, pair.key, pair.value}));
  }
  return {};
}

constexpr std::string_view put_tag =
    "INSERT INTO logged_model_tags (model_number, key, value) VALUES (?, ?, ?) ON CONFLICT (model_number, key) DO "
    "UPDATE "
    "SET value = excluded.value";

Result<void> put_params(sql::Session& session, std::int64_t number, const std::vector<Param>& params) {
  for (const Param& param : params) {
    CICLO_TRY(const auto inserted, session.execute("INSERT INTO logged_model_params (model_number, key, value) VALUES "
                                                   "(?, ?, ?) ON CONFLICT (model_number, key) DO NOTHING",
                                                   {number, param.key, param.value}));
    if (inserted > 0) continue;
    CICLO_TRY(const auto row,
              session.query_one("SELECT value FROM logged_model_params WHERE model_number = ? AND key = ?",
                                {number, param.key}));
    if (row && row->text(0) == param.value) continue;
    return fail(ErrorCode::invalid,
                fmt::format("Changing param values is not allowed: '{}' was already logged", param.key), "params");
  }
  return {};
}

std::optional<SearchColumn> model_attribute(std::string_view name) {
  if (name == "name") return SearchColumn{.sql = "l.name"};
  if (name == "model_id") return SearchColumn{.sql = "l.model_id"};
  if (name == "model_type") return SearchColumn{.sql = "l.model_type"};
  if (name == "source_run_id") return SearchColumn{.sql = "l.source_run_id"};
  if (name == "experiment_id") return SearchColumn{.sql = "l.experiment_id", .type = ColumnType::integer};
  if (name == "creation_timestamp" || name == "creation_time" || name == "creation_timestamp_ms")
    return SearchColumn{.sql = "l.creation_time", .type = ColumnType::integer};
  if (name == "last_updated_timestamp" || name == "last_updated_timestamp_ms")
    return SearchColumn{.sql = "l.last_update_time", .type = ColumnType::integer};
  if (name == "status") {
    return SearchColumn{.sql =
                            "(CASE l.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' WHEN 3 THEN 'FAILED' ELSE "
                            "'UNSPECIFIED' END)"};
  }
  return std::nullopt;
}

Domain model_domain(const std::vector<Dataset>& datasets) {
  constexpr std::string_view owner = "c.model_number = l.model_number";
  Statement also;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    also.add(i == 0 ? " AND (" : " OR ").add("(c.dataset_name = ").bind(datasets[i].name);
    if (!datasets[i].digest.empty()) also.add(" AND c.dataset_digest = ").bind(datasets[i].digest);
    also.add(i + 1 == datasets.size() ? "))" : ")");
  }
  return {.noun = "logged model",
          .attribute = model_attribute,
          .attribute_names = {"name", "model_id", "model_type", "status", "source_run_id", "creation_timestamp",
                              "last_updated_timestamp"},
          .metrics = {.table = "logged_model_metrics", .owner = owner, .also = also, .is_unique = false},
          .params = {.table = "logged_model_params", .owner = owner, .also = {}},
          .tags = {.table = "logged_model_tags", .owner = owner, .also = {}},
          .datasets = {}};
}

SortTerm newest_first(std::string_view column) {
  return {
      .expression = {.text = std::string(column), .parameters = {}}, .type = ColumnType::integer, .ascending = false};
}

// Ends with what is unique. A metric on a data set of its own has its terms from a domain that sees no other.
Result<SortPlan> plan_of(const ModelSearch& request) {
  std::vector<Order> orders;
  for (const ModelOrder& asked : request.order_by) {
    CICLO_TRY(auto order, parse_order(asked.field));
    order.ascending = asked.ascending;
    orders.push_back(std::move(order));
  }
  CICLO_TRY(auto plan, sort_plan(model_domain(request.datasets), orders, {}));
  std::size_t at = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    CICLO_TRY(const auto alone, sort_plan(model_domain(request.datasets), {orders[i]}, {}));
    const Dataset& dataset = request.order_by[i].dataset;
    if (!dataset.name.empty() && orders[i].entity == Entity::metric) {
      CICLO_TRY(auto on_dataset, sort_plan(model_domain({dataset}), {orders[i]}, {}));
      for (std::size_t j = 0; j < alone.terms.size(); ++j) plan.terms[at + j] = std::move(on_dataset.terms[j]);
    }
    at += alone.terms.size();
  }
  plan.terms.push_back(newest_first("l.creation_time"));
  plan.terms.push_back(newest_first("l.model_number"));
  return plan;
}

}  // namespace

Result<LoggedModel> LoggedModelStore::create_in(sql::Session& session, LoggedModel model) const {
  CICLO_TRY(
      const auto row,
      session.query_one(
          "INSERT INTO logged_models (workspace, model_id, experiment_id, name, artifact_uri, creation_time, "
          "last_update_time, status, status_message, model_type, source_run_id, lifecycle_stage) VALUES (?, ?, ?, ?, "
          "?, ?, ?, ?, '', ?, ?, 'active') RETURNING model_number",
          {model.workspace, model.model_id, model.experiment_id, model.name, model.artifact_uri, model.creation_time,
           model.last_update_time, static_cast<std::int64_t>(model.status), model.model_type, model.source_run_id}));
  if (!row) return fail(ErrorCode::internal, "the logged model was not stored");
  CICLO_CHECK(put_params(session, row->integer(0), model.params));
  CICLO_CHECK(put_pairs(session, put_tag, row->integer(0), model.tags));
  return model;
}

Result<std::optional<LoggedModel>> LoggedModelStore::find(sql::Session& session, const ModelRef& ref) const {
  CICLO_TRY(auto found, query_ref(session, ref));
  if (found.empty()) return std::nullopt;
  return std::move(found.front().model);
}

Result<LoggedModel> LoggedModelStore::get(sql::Session& session, const ModelRef& ref) const {
  CICLO_TRY(auto found, find(session, ref));
  if (found) return std::move(*found);
  return not_found(ref);
}

Result<std::optional<LoggedModel>> LoggedModelStore::find_of_run(sql::Session& session, const std::string& workspace,
                                                                 const std::string& run_id,
                                                                 const std::string& name) const {
  Statement condition;
  condition.add("l.lifecycle_stage = 'active' AND l.workspace = ").bind(workspace);
  condition.add(" AND l.source_run_id = ").bind(run_id).add(" AND l.name = ").bind(name);
  condition.add(" ORDER BY l.model_number DESC LIMIT 1");
  CICLO_TRY(auto found, query_models(session, condition));
  if (found.empty()) return std::nullopt;
  return std::move(found.front().model);
}

Result<void> LoggedModelStore::finalize_in(sql::Session& session, const ModelRef& ref, ModelStatus status,
                                           std::int64_t now) const {
  CICLO_TRY(const auto number, number_of(session, ref));
  CICLO_TRY(std::ignore,
            session.execute("UPDATE logged_models SET status = ?, last_update_time = ? WHERE model_number = ?",
                            {static_cast<std::int64_t>(status), now, number}));
  return {};
}

Result<void> LoggedModelStore::delete_in(sql::Session& session, const ModelRef& ref, std::int64_t now) const {
  CICLO_TRY(
      const auto deleted,
      session.execute("UPDATE logged_models SET lifecycle_stage = 'deleted', last_update_time = ? WHERE workspace = ? "
                      "AND model_id = ? AND lifecycle_stage = 'active'",
                      {now, ref.workspace, ref.model_id}));
  if (deleted > 0) return {};
  CICLO_TRY(const auto row, session.query_one("SELECT 1 FROM logged_models WHERE workspace = ? AND model_id = ?",
                                              {ref.workspace, ref.model_id}));
  return row ? Result<void>() : not_found(ref);
}

Result<void> LoggedModelStore::set_tags_in(sql::Session& session, const ModelRef& ref,
                                           const std::vector<Tag>& tags) const {
  CICLO_TRY(const auto number, number_of(session, ref));
  return put_pairs(session, put_tag, number, tags);
}

Result<void> LoggedModelStore::delete_tag_in(sql::Session& session, const ModelRef& ref, const std::string& key) const {
  CICLO_TRY(const auto number, number_of(session, ref));
  CICLO_TRY(const auto removed,
            session.execute("DELETE FROM logged_model_tags WHERE model_number = ? AND key = ?", {number, key}));
  if (removed > 0) return {};
  return fail(ErrorCode::not_found, fmt::format("No tag with key '{}' found for logged model '{}'", key, ref.model_id));
}

Result<void> LoggedModelStore::log_params_in(sql::Session& session, const ModelRef& ref,
                                             const std::vector<Param>& params) const {
  CICLO_TRY(const auto number, number_of(session, ref));
  return put_params(session, number, params);
}

Result<Page<LoggedModel>> LoggedModelStore::search(sql::Session& session, const ModelSearch& request) const {
  const Domain domain = model_domain(request.datasets);
  CICLO_TRY(const auto expression, parse_filter(request.filter));
  CICLO_TRY(const auto condition, condition_sql(domain, expression, session.dialect()));
  CICLO_TRY(const auto plan, plan_of(request));
  std::string purpose = "logged models\n" + request.workspace + "\n" + request.filter;
  for (const ModelOrder& order : request.order_by)
    purpose += "\n" + order.field + (order.ascending ? "+" : "-") + order.dataset.name + "\n" + order.dataset.digest;
  CICLO_TRY(const auto after, after_sql(purpose, plan, request.page_token));
  Page<LoggedModel> page;
  if (request.experiment_ids.empty()) return page;
  Statement statement;
  statement.add("SELECT ").add(model_columns).add(sort_columns(plan)).add(" FROM logged_models l").add(plan.joins);
  statement.add(" WHERE l.lifecycle_stage = 'active' AND l.workspace = ").bind(request.workspace);
  statement.add(" AND l.experiment_id IN ").bind_list(request.experiment_ids).add(" AND ").add(condition).add(after);
  statement.add(order_by_sql(plan)).add(" LIMIT ").bind(request.max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<Numbered> models;
  for (std::size_t i = 0; i < std::min(rows.size(), request.max_results); ++i) models.push_back(model_from(rows[i]));
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token, next_token(purpose, plan, rows[request.max_results - 1], model_column_count));
  }
  CICLO_CHECK(load_details(session, models));
  for (Numbered& each : models) page.items.push_back(std::move(each.model));
  return page;
}

}  // namespace ciclo::tracking
