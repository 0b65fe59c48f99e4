#include "inner_loop/tracking/run_search.hpp"

#include <unordered_map>

#include "inner_loop/tracking/driver.hpp"
#include "inner_loop/tracking/run_scope.hpp"
#include "inner_loop/tracking/search_parts.hpp"
#include "inner_loop/tracking/walk_search.hpp"

namespace ciclo::tracking {
namespace {

// Looks at every run of the scope, or at those that `driver` names, and sorts what meets the filter. Asks for one row
// more than the page holds, which tells whether there is a further page.
Result<Page<Run>> search_plainly(sql::Session& session, const SearchRequest& request, const RunScope& scope,
                                 const SearchParts& parts, const std::optional<Statement>& driver) {
  Statement statement;
  statement.add("SELECT ").add(run_columns).add(sort_columns(parts.plan)).add(" FROM runs r").add(parts.plan.joins);
  statement.add(" WHERE ").add(scope_condition(scope, driver.has_value())).add(" AND ").add(parts.condition);
  if (driver) statement.add(" AND r.run_number IN (").add(*driver).add(")");
  statement.add(parts.after).add(order_by_sql(parts.plan)).add(" LIMIT ").bind(request.max_results + 1);
  CICLO_TRY(const auto rows, statement.query(session));
  Page<Run> page;
  for (std::size_t i = 0; i < std::min(rows.size(), request.max_results); ++i) page.items.push_back(run_from(rows[i]));
  if (rows.size() > request.max_results) {
    CICLO_TRY(page.next_page_token,
              next_token(parts.purpose, parts.plan, rows[request.max_results - 1], run_column_count));
  }
  return page;
}

// The runs of these numbers, in this order.
Result<std::vector<Run>> runs_of(sql::Session& session, const std::vector<std::int64_t>& numbers) {
  std::unordered_map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < numbers.size(); ++i) place[numbers[i]] = i;
  std::vector<Run> runs(numbers.size());
  for (std::size_t begin = 0; begin < numbers.size(); begin += max_bound_list) {
    const std::size_t end = std::min(begin + max_bound_list, numbers.size());
    Statement statement;
    statement.add("SELECT ").add(run_columns).add(" FROM runs r WHERE r.run_number IN ");
    statement.bind_list(std::vector<std::int64_t>(numbers.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  numbers.begin() + static_cast<std::ptrdiff_t>(end)));
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) {
      Run run = run_from(row);
      runs[place.at(run.number)] = std::move(run);
    }
  }
  return runs;
}

Result<Page<Run>> find_page(sql::Session& session, const SearchRequest& request, SearchWay way) {
  const Domain domain = run_domain();
  const bool is_walk_token =
      !request.page_token.empty() && WalkSearch::owns(purpose_of(domain.noun, request), request.page_token);
  SearchRequest asked = request;
  if (is_walk_token) asked.page_token.clear();  // it is no position in the order that is made here
  CICLO_TRY(const auto parts, search_parts(session.dialect(), domain, asked,
                                           {newest_first("r.start_time"), newest_first("r.run_number")}));
  CICLO_TRY(const auto scope, scope_of(session, request));
  if (scope.experiments.empty() || request.max_results == 0) return Page<Run>{};
  if (way == SearchWay::plain) return search_plainly(session, asked, scope, parts, std::nullopt);
  std::optional<Statement> driver;
  bool walks = is_walk_token;
  if (!is_walk_token) {
    if (way == SearchWay::fastest) {
      CICLO_TRY(driver, find_driver(session, scope, parts.expression));
    }
    if (!driver && request.page_token.empty()) {
      CICLO_TRY(walks, WalkSearch::can(session, parts, scope));
    }
  }
  if (!walks) return search_plainly(session, asked, scope, parts, driver);
  CICLO_TRY(auto found, WalkSearch(session, request, scope, parts).run(way));
  Page<Run> page{.items = {}, .next_page_token = std::move(found.next_page_token)};
  CICLO_TRY(page.items, runs_of(session, found.numbers));
  return page;
}

}  // namespace

Result<Page<Run>> search_runs(sql::Session& session, const SearchRequest& request, bool with_details, SearchWay way) {
  CICLO_TRY(auto page, find_page(session, request, way));
  if (with_details) CICLO_CHECK(RunStore().load_details(session, page.items, request.keys));
  return page;
}

}  // namespace ciclo::tracking
