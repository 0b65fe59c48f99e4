#include "inner_loop/traces/trace_search.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/traces/comparison_sql.hpp"
#include "inner_loop/traces/otlp_values.hpp"
#include "inner_loop/traces/trace_store.hpp"

namespace ciclo::traces {
namespace {

using tracking::ColumnType;
using tracking::Entity;
using tracking::Order;
using tracking::SortPlan;
using tracking::SortTerm;

constexpr std::size_t max_orders = 16;
// Up to this many experiments are each walked along their index and merged; more are sorted.
constexpr std::size_t max_walks = 32;

void add_nullable(SortPlan& plan, const Statement& value, ColumnType type, bool ascending) {
  Statement is_missing = sql_text("CASE WHEN ");
  is_missing.add(value).add(" IS NULL THEN 1 ELSE 0 END");
  Statement filled = sql_text("COALESCE(");
  filled.add(value).add(type == ColumnType::text ? ", '')" : ", 0)");
  plan.terms.push_back({.expression = is_missing, .type = ColumnType::integer, .ascending = true});
  plan.terms.push_back({.expression = filled, .type = type, .ascending = ascending});
}

Result<void> add_order(SortPlan& plan, const Order& order) {
  if (order.entity == Entity::attribute && order.key != "run_id") {
    const auto column = trace_column(order.key);
    if (!column)
      return fail(ErrorCode::invalid, fmt::format("Invalid order_by key '{}'", order.key), "order_by",
                  "valid keys are timestamp_ms, execution_time_ms, end_time_ms, status, name, trace_id, experiment_id, "
                  "tags.<key>, metadata.<key>");
    if (column->nullable) add_nullable(plan, sql_text(column->sql), column->type, order.ascending);
    else
      plan.terms.push_back({.expression = sql_text(column->sql), .type = column->type, .ascending = order.ascending});
    return {};
  }
  if (order.key == key::name && order.entity == Entity::tag) {
    add_nullable(plan, sql_text("t.name"), ColumnType::text, order.ascending);
    return {};
  }
  if (order.key == key::session && order.entity == Entity::metadata) {
    add_nullable(plan, sql_text("t.session_id"), ColumnType::text, order.ascending);
    return {};
  }
  if (order.entity != Entity::tag && order.entity != Entity::metadata && order.entity != Entity::attribute)
    return fail(ErrorCode::invalid, fmt::format("Invalid order_by: traces are not sorted by {}", name_of(order.entity)),
                "order_by");
  const std::string key = order.entity == Entity::attribute ? std::string(key::source_run) : order.key;
  Statement value =
      sql_text(order.entity == Entity::tag ? "(SELECT c.value FROM trace_tags" : "(SELECT c.value FROM trace_metadata");
  value.add(" c WHERE c.trace_number = t.trace_number AND c.key = ").bind(key).add(")");
  add_nullable(plan, value, ColumnType::text, order.ascending);
  return {};
}

Result<SortPlan> plan_of(const std::vector<std::string>& order_by) {
  if (order_by.size() > max_orders) return fail(ErrorCode::invalid, "more than 16 order_by clauses", "order_by");
  SortPlan plan;
  for (const std::string& text : order_by) {
    CICLO_TRY(const auto order, tracking::parse_order(clean_text(text), trace_language));
    CICLO_CHECK(add_order(plan, order));
  }
  const auto has = [&](std::string_view column) {
    return std::ranges::any_of(plan.terms, [&](const SortTerm& term) { return term.expression.text == column; });
  };
  if (!has("t.timestamp_ms"))
    plan.terms.push_back({.expression = sql_text("t.timestamp_ms"), .type = ColumnType::integer, .ascending = false});
  plan.terms.push_back({.expression = sql_text("t.trace_id"), .type = ColumnType::text, .ascending = true});
  return plan;
}

std::string purpose_of(const TraceSearch& request) {
  std::string purpose = join({"traces", request.workspace, request.filter, join(request.order_by, ",")}, "\n");
  for (const std::int64_t id : request.experiment_ids) purpose += fmt::format("\n{}", id);
  return purpose;
}

struct Walk {
  const SortPlan& plan;
  Statement rest;  // conditions after the scope
  std::size_t limit = 0;
};

Statement walk_of(const TraceSearch& request, const std::vector<std::int64_t>& experiment_ids, const Walk& walk,
                  bool by_number) {
  Statement statement = sql_text("SELECT ");
  statement.add(trace_columns);
  for (std::size_t i = 0; i < walk.plan.terms.size(); ++i)
    statement.add(", ").add(walk.plan.terms[i].expression).add(fmt::format(" AS k{}", i));
  statement.add(" FROM traces t WHERE ").add(trace_scope(request.workspace, experiment_ids, by_number));
  statement.add(walk.rest).add(order_by_sql(walk.plan));
  return statement.add(" LIMIT ").bind(walk.limit);
}

// The first of every experiment's walk, in one order.
Statement merged(const TraceSearch& request, const Walk& walk) {
  Statement statement = sql_text("SELECT * FROM (");
  for (std::size_t i = 0; i < request.experiment_ids.size(); ++i) {
    statement.add(i == 0 ? "" : " UNION ALL ").add("SELECT * FROM (");
    statement.add(walk_of(request, {request.experiment_ids[i]}, walk, false)).add(fmt::format(") w{}", i));
  }
  statement.add(") m ORDER BY ");
  for (std::size_t i = 0; i < walk.plan.terms.size(); ++i)
    statement.add(fmt::format("{}k{} {}", i == 0 ? "" : ", ", i, walk.plan.terms[i].ascending ? "ASC" : "DESC"));
  return statement.add(" LIMIT ").bind(walk.limit);
}

}  // namespace

Statement trace_scope(const std::string& workspace, const std::vector<std::int64_t>& experiment_ids, bool by_number) {
  // An expression has no index.
  Statement scope = sql_text(by_number ? "t.workspace || '' = " : "t.workspace = ");
  scope.bind(workspace).add(" AND t.experiment_id ");
  if (experiment_ids.size() == 1) return scope.add("= ").bind(experiment_ids.front());
  return scope.add("IN ").bind_list(experiment_ids);
}

Result<Page<Trace>> search_traces(sql::Session& session, const TraceSearch& request) {
  const FilterScope scope{.dialect = session.dialect(), .workspace = request.workspace};
  CICLO_TRY(const auto expression, tracking::parse_filter(clean_text(request.filter), trace_language));
  CICLO_TRY(const auto condition, trace_condition(expression, scope));
  CICLO_TRY(const auto plan, plan_of(request.order_by));
  const std::string purpose = purpose_of(request);
  CICLO_TRY(const auto after, tracking::after_sql(purpose, plan, request.page_token));
  Page<Trace> page;
  if (request.experiment_ids.empty()) return page;
  CICLO_TRY(const auto driver, find_driver(session, expression, request.workspace));
  Walk walk{.plan = plan, .rest = sql_text(" AND "), .limit = request.max_results + 1};
  walk.rest.add(condition).add(after);
  if (driver) walk.rest.add(" AND t.trace_number IN (").add(*driver).add(")");
  const bool merges = !driver && request.experiment_ids.size() > 1 && request.experiment_ids.size() <= max_walks;
  const Statement statement =
      merges ? merged(request, walk) : walk_of(request, request.experiment_ids, walk, driver.has_value());
  CICLO_TRY(const auto rows, statement.query(session));
  const std::size_t count = std::min(rows.size(), request.max_results);
  for (std::size_t i = 0; i < count; ++i) page.items.push_back(trace_from(rows[i], request.workspace));
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token, tracking::next_token(purpose, plan, rows[count - 1], trace_column_count));
  }
  return page;
}

}  // namespace ciclo::traces
