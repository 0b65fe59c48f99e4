#include "inner_loop/tracking/run_search.hpp"

#include <array>

#include "base/text.hpp"
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
};

Result<Parts> parts_of(sql::Session& session, const Domain& domain, const SearchRequest& request,
                       std::vector<SortTerm> tail) {
  Parts parts;
  CICLO_TRY(const auto expression, parse_filter(request.filter));
  CICLO_TRY(parts.condition, condition_sql(domain, expression, session.dialect()));
  CICLO_TRY(parts.plan, plan_of(domain, request, std::move(tail)));
  parts.purpose = purpose_of(domain.noun, request);
  CICLO_TRY(parts.after, after_sql(parts.purpose, parts.plan, request.page_token));
  return parts;
}

}  // namespace

Result<Page<Run>> search_runs(sql::Session& session, const SearchRequest& request, bool with_details) {
  CICLO_TRY(const auto parts,
            parts_of(session, run_domain(), request, {newest_first("r.start_time"), newest_first("r.run_number")}));
  if (request.experiment_ids.empty() || request.max_results == 0) return Page<Run>{};
  Statement statement;
  statement.add("SELECT ").add(run_columns).add(sort_columns(parts.plan)).add(" FROM runs r").add(parts.plan.joins);
  statement.add(" WHERE r.workspace = ").bind(request.workspace).add(" AND r.experiment_id ");
  if (request.experiment_ids.size() == 1) {
    statement.add("= ").bind(request.experiment_ids.front());
  } else {
    statement.add("IN ").bind_list(request.experiment_ids);
  }
  statement.add(
      view_condition(request.view, " AND r.lifecycle_stage = 'active'", " AND r.lifecycle_stage = 'deleted'"));
  statement.add(" AND ").add(parts.condition).add(parts.after).add(order_by_sql(parts.plan));
  statement.add(" LIMIT ").bind(request.max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  CICLO_TRY(auto page, page_of(rows, request.max_results, run_from));
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token,
              next_token(parts.purpose, parts.plan, rows[request.max_results - 1], run_column_count));
  }
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
