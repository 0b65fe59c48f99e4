#include "inner_loop/tracking/search_parts.hpp"

#include "base/text.hpp"

namespace ciclo::tracking {

SortTerm newest_first(std::string_view column) {
  return {
      .expression = {.text = std::string(column), .parameters = {}}, .type = ColumnType::integer, .ascending = false};
}

std::string purpose_of(std::string_view what, const SearchRequest& request) {
  return join({std::string(what), request.workspace, request.filter, join(request.order_by, ","),
               std::to_string(static_cast<int>(request.view))},
              "\n");
}

std::string_view view_condition(View view, std::string_view active, std::string_view deleted) {
  if (view == View::all) return "";
  return view == View::active_only ? active : deleted;
}

Result<SearchParts> search_parts(sql::Dialect dialect, const Domain& domain, const SearchRequest& request,
                                 std::vector<SortTerm> tail) {
  SearchParts parts;
  CICLO_TRY(parts.expression, parse_filter(request.filter));
  CICLO_TRY(parts.condition, condition_sql(domain, parts.expression, dialect));
  for (const std::string& text : request.order_by) {
    CICLO_TRY(auto order, parse_order(text));
    parts.orders.push_back(std::move(order));
  }
  CICLO_TRY(parts.plan, sort_plan(domain, parts.orders, std::move(tail)));
  parts.purpose = purpose_of(domain.noun, request);
  CICLO_TRY(parts.after, after_sql(parts.purpose, parts.plan, request.page_token));
  return parts;
}

}  // namespace ciclo::tracking
