#include <algorithm>

#include "inner_loop/tracking/experiment_store.hpp"
#include "inner_loop/tracking/search_parts.hpp"

namespace ciclo::tracking {
namespace {

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

}  // namespace

Result<Page<Experiment>> search_experiments(sql::Session& session, const SearchRequest& request) {
  CICLO_TRY(const auto parts, search_parts(session.dialect(), experiment_domain(), request,
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
  Page<Experiment> page;
  for (std::size_t i = 0; i < std::min(rows.size(), request.max_results); ++i)
    page.items.push_back(experiment_from(rows[i]));
  constexpr std::size_t experiment_column_count = 7;
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token,
              next_token(parts.purpose, parts.plan, rows[request.max_results - 1], experiment_column_count));
  }
  CICLO_CHECK(ExperimentStore().load_tags(session, page.items));
  return page;
}

}  // namespace ciclo::tracking
