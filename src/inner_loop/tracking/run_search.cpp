#include "inner_loop/tracking/run_search.hpp"

#include <array>

#include "base/text.hpp"
#include "inner_loop/tracking/driver.hpp"
#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "inner_loop/tracking/search_sql.hpp"

namespace ciclo::tracking {
namespace {

std::optional<SearchColumn> run_attribute(std::string_view name) {
  const std::string key = replace_all(to_lower(name), " ", "_");
  if (key == "run_id" || key == "run_uuid") return SearchColumn{.sql = "r.run_id"};
  if (key == "run_name") return SearchColumn{.sql = "r.name"};
  if (key == "status") return SearchColumn{.sql = "r.status"};
  if (key == "user_id") return SearchColumn{.sql = "r.user_id"};
  if (key == "artifact_uri") return SearchColumn{.sql = "r.artifact_uri"};
  if (key == "lifecycle_stage") return SearchColumn{.sql = "r.lifecycle_stage"};
  if (key == "experiment_id") return SearchColumn{.sql = "r.experiment_id", .type = ColumnType::integer};
  if (key == "start_time" || key == "created") return SearchColumn{.sql = "r.start_time", .type = ColumnType::integer};
  if (key == "end_time") return SearchColumn{.sql = "r.end_time", .type = ColumnType::integer, .nullable = true};
  return std::nullopt;
}

Domain run_domain() {
  return {.noun = "run",
          .attribute = run_attribute,
          .attribute_names = {"run_id", "run_name", "status", "user_id", "artifact_uri", "start_time", "end_time",
                              "experiment_id"},
          .metrics = {.table = "latest_metrics", .owner = "c.run_number = r.run_number", .also = {}},
          .params = {.table = "params", .owner = "c.run_number = r.run_number", .also = {}},
          .tags = {.table = "run_tags", .owner = "c.run_number = r.run_number", .also = {}},
          .datasets =
              "SELECT 1 FROM run_datasets u JOIN datasets d ON d.dataset_number = u.dataset_number WHERE "
              "u.run_number = r.run_number AND "};
}

std::optional<SearchColumn> experiment_attribute(std::string_view name) {
  if (name == "name") return SearchColumn{.sql = "e.name"};
  if (name == "experiment_id") return SearchColumn{.sql = "e.experiment_id", .type = ColumnType::integer};
  if (name == "creation_time") return SearchColumn{.sql = "e.creation_time", .type = ColumnType::integer};
  if (name == "last_update_time") return SearchColumn{.sql = "e.last_update_time", .type = ColumnType::integer};
  return std::nullopt;
}

Domain experiment_domain() {
  return {.noun = "experiment",
          .attribute = experiment_attribute,
          .attribute_names = {"name", "experiment_id", "creation_time", "last_update_time"},
          .metrics = {},
          .params = {},
          .tags = {.table = "experiment_tags",
                   .owner = "c.workspace = e.workspace AND c.experiment_id = e.experiment_id",
                   .also = {}},
          .datasets = {}};
}

SortTerm newest_first(std::string_view column) {
  return {
      .expression = {.text = std::string(column), .parameters = {}}, .type = ColumnType::integer, .ascending = false};
}

std::string purpose_of(std::string_view what, const SearchRequest& request) {
  return join({std::string(what), request.workspace, request.filter, join(request.order_by, ","),
               std::to_string(static_cast<int>(request.view))},
              "\n");
}

Result<SortPlan> plan_of(const Domain& domain, const SearchRequest& request, std::vector<SortTerm> tail) {
  std::vector<Order> orders;
  for (const std::string& text : request.order_by) {
    CICLO_TRY(auto order, parse_order(text));
    orders.push_back(std::move(order));
  }
  return sort_plan(domain, orders, std::move(tail));
}

std::string_view view_condition(View view, std::string_view active, std::string_view deleted) {
  if (view == View::all) return "";
  return view == View::active_only ? active : deleted;
}

// Takes the extra row away that tells whether there is a further page.
template <class Item>
Result<Page<Item>> page_of(const std::vector<sql::Row>& rows, std::size_t limit, Item (*read)(const sql::Row&)) {
  Page<Item> page;
  for (std::size_t i = 0; i < std::min(rows.size(), limit); ++i) page.items.push_back(read(rows[i]));
  return page;
}

struct Parts {
  Statement condition;
  SortPlan plan;
  Statement after;
  std::string purpose;
  Expression expression;
};

Result<Parts> parts_of(sql::Session& session, const Domain& domain, const SearchRequest& request,
                       std::vector<SortTerm> tail) {
  Parts parts;
  CICLO_TRY(parts.expression, parse_filter(request.filter));
  CICLO_TRY(parts.condition, condition_sql(domain, parts.expression, session.dialect()));
  CICLO_TRY(parts.plan, plan_of(domain, request, std::move(tail)));
  parts.purpose = purpose_of(domain.noun, request);
  CICLO_TRY(parts.after, after_sql(parts.purpose, parts.plan, request.page_token));
  return parts;
}

// Which runs may be looked at. `by_number`: they are found by their numbers, so no index on the rest may tempt the
// planner (an expression has none).
Statement scope_of(const SearchRequest& request, bool by_number) {
  Statement scope;
  scope.add(by_number ? "r.workspace || '' = " : "r.workspace = ").bind(request.workspace);
  scope.add(" AND r.experiment_id ");
  if (request.experiment_ids.size() == 1) scope.add("= ").bind(request.experiment_ids.front());
  else scope.add("IN ").bind_list(request.experiment_ids);
  scope.add(view_condition(request.view, " AND r.lifecycle_stage = 'active'", " AND r.lifecycle_stage = 'deleted'"));
  return scope;
}

struct RunPage {
  std::vector<sql::Row> rows;
  std::string next_page_token;
};

// Asks for one row more than `limit`, which tells whether there is a further page.
Result<RunPage> run_page(sql::Session& session, Statement statement, const SortPlan& plan, std::string_view purpose,
                         std::size_t limit) {
  statement.add(order_by_sql(plan)).add(" LIMIT ").bind(limit + 1);
  RunPage page;
  CICLO_TRY(page.rows, statement.query(session));
  if (page.rows.size() <= limit) return page;
  page.rows.resize(limit, sql::Row({}));
  CICLO_TRY(page.next_page_token, next_token(purpose, plan, page.rows.back(), run_column_count));
  return page;
}

Result<RunPage> search_plainly(sql::Session& session, const SearchRequest& request, const Parts& parts,
                               const std::optional<Statement>& driver) {
  Statement statement;
  statement.add("SELECT ").add(run_columns).add(sort_columns(parts.plan)).add(" FROM runs r").add(parts.plan.joins);
  statement.add(" WHERE ").add(scope_of(request, driver.has_value())).add(" AND ").add(parts.condition);
  if (driver) statement.add(" AND r.run_number IN (").add(*driver).add(")");
  return run_page(session, std::move(statement.add(parts.after)), parts.plan, parts.purpose, request.max_results);
}

// An order by one metric: first the runs that have it, by walking its index; then, in a search of its own, those that
// do not, newest first. The two have page tokens of their own.
class MetricOrder {
 public:
  MetricOrder(sql::Session& session, const SearchRequest& request, const Parts& parts, const Order& order)
      : session_(session), request_(request), parts_(parts), order_(order) {}

  // Was the token made here?
  static bool owns(const std::string& purpose, const std::string& token) {
    return read_page_token(purpose + with_metric, token) || read_page_token(purpose + without_metric, token);
  }

  Result<RunPage> run() const {
    const std::string& token = request_.page_token;
    if (!token.empty() && read_page_token(rest_purpose(), token)) return rest(token, request_.max_results);
    CICLO_TRY(auto page, having(token));
    if (!page.next_page_token.empty()) return page;
    const std::size_t left = request_.max_results - page.rows.size();
    CICLO_TRY(auto further, rest("", left));
    for (sql::Row& row : further.rows) page.rows.push_back(std::move(row));
    page.next_page_token = std::move(further.next_page_token);
    return page;
  }

 private:
  static constexpr const char* with_metric = "\nwith the metric";
  static constexpr const char* without_metric = "\nwithout the metric";
  std::string rest_purpose() const { return parts_.purpose + without_metric; }

  Result<RunPage> having(const std::string& token) const {
    SortPlan plan;
    plan.terms = {
        {.expression = {.text = "o.value", .parameters = {}}, .type = ColumnType::real, .ascending = order_.ascending},
        newest_first("r.start_time"),
        newest_first("r.run_number")};
    CICLO_TRY(const auto after, after_sql(parts_.purpose + with_metric, plan, token));
    Statement statement;
    statement.add("SELECT ").add(run_columns).add(sort_columns(plan)).add(" FROM latest_metrics o CROSS JOIN runs r ");
    statement.add("WHERE o.key = ").bind(order_.key).add(" AND o.is_nan = 0 AND r.run_number = o.run_number AND ");
    statement.add(scope_of(request_, true)).add(" AND ").add(parts_.condition).add(after);
    return run_page(session_, std::move(statement), plan, parts_.purpose + with_metric, request_.max_results);
  }

  Result<RunPage> rest(const std::string& token, std::size_t limit) const {
    SortPlan plan;
    plan.terms = {newest_first("r.start_time"), newest_first("r.run_number")};
    CICLO_TRY(const bool from_start, starts(token));
    CICLO_TRY(const auto after, after_sql(rest_purpose(), plan, from_start ? "" : token));
    Statement statement;
    statement.add("SELECT ").add(run_columns).add(sort_columns(plan)).add(" FROM runs r WHERE ");
    statement.add(scope_of(request_, false)).add(" AND ").add(parts_.condition).add(" AND NOT EXISTS (SELECT 1 FROM ");
    statement.add("latest_metrics o WHERE o.run_number = r.run_number AND o.is_nan = 0 AND o.key = ").bind(order_.key);
    statement.add(")").add(after);
    if (limit > 0) return run_page(session_, std::move(statement), plan, rest_purpose(), limit);
    // The page is full: is there anything to begin the next one with?
    CICLO_TRY(const auto rows, statement.add(" LIMIT 1").query(session_));
    return RunPage{.rows = {}, .next_page_token = rows.empty() ? "" : make_page_token(rest_purpose(), Json(nullptr))};
  }

  // Does the second search begin here? So it does without a token, and with one that has no position.
  Result<bool> starts(const std::string& token) const {
    if (token.empty()) return true;
    CICLO_TRY(const auto position, read_page_token(rest_purpose(), token));
    return position.is_null();
  }

  sql::Session& session_;
  const SearchRequest& request_;
  const Parts& parts_;
  const Order& order_;
};

Result<std::optional<Order>> single_metric_order(const SearchRequest& request) {
  if (request.order_by.size() != 1) return std::nullopt;
  CICLO_TRY(auto order, parse_order(request.order_by.front()));
  if (order.entity != Entity::metric) return std::nullopt;
  return order;
}

}  // namespace

Result<Page<Run>> search_runs(sql::Session& session, const SearchRequest& request, bool with_details) {
  CICLO_TRY(const auto metric, single_metric_order(request));
  SearchRequest asked = request;
  const std::string purpose = purpose_of(run_domain().noun, request);
  const bool has_token = !request.page_token.empty();
  const bool is_of_metric = metric && has_token && MetricOrder::owns(purpose, request.page_token);
  if (is_of_metric) asked.page_token.clear();
  CICLO_TRY(const auto parts,
            parts_of(session, run_domain(), asked, {newest_first("r.start_time"), newest_first("r.run_number")}));
  if (request.experiment_ids.empty() || request.max_results == 0) return Page<Run>{};
  CICLO_TRY(const auto driver, find_driver(session, parts.expression));
  RunPage found;
  if (is_of_metric || (metric && !has_token && !driver)) {
    CICLO_TRY(found, MetricOrder(session, request, parts, *metric).run());
  } else {
    CICLO_TRY(found, search_plainly(session, request, parts, driver));
  }
  Page<Run> page{.items = {}, .next_page_token = std::move(found.next_page_token)};
  for (const sql::Row& row : found.rows) page.items.push_back(run_from(row));
  if (with_details) CICLO_CHECK(RunStore().load_details(session, page.items));
  return page;
}

Result<Page<Experiment>> search_experiments(sql::Session& session, const SearchRequest& request) {
  CICLO_TRY(const auto parts, parts_of(session, experiment_domain(), request,
                                       {newest_first("e.creation_time"), newest_first("e.experiment_id")}));
  Statement statement;
  statement.add("SELECT ").add(experiment_columns).add(sort_columns(parts.plan)).add(" FROM experiments e");
  statement.add(parts.plan.joins).add(" WHERE e.workspace = ").bind(request.workspace);
  statement.add(
      view_condition(request.view, " AND e.lifecycle_stage = 'active'", " AND e.lifecycle_stage = 'deleted'"));
  if (!request.experiment_ids.empty()) statement.add(" AND ").add(one_of("e.experiment_id", request.experiment_ids));
  statement.add(" AND ").add(parts.condition).add(parts.after).add(order_by_sql(parts.plan));
  statement.add(" LIMIT ").bind(request.max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  CICLO_TRY(auto page, page_of(rows, request.max_results, experiment_from));
  constexpr std::size_t experiment_column_count = 7;
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token,
              next_token(parts.purpose, parts.plan, rows[request.max_results - 1], experiment_column_count));
  }
  CICLO_CHECK(ExperimentStore().load_tags(session, page.items));
  return page;
}

}  // namespace ciclo::tracking
