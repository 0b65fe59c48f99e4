// What a search is made of before it runs: its filter, its order and where its page begins.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/run_search.hpp"
#include "inner_loop/tracking/search_sql.hpp"

namespace ciclo::tracking {

struct SearchParts {
  Expression expression;
  Statement condition;
  std::vector<Order> orders;
  SortPlan plan;
  Statement after;
  std::string purpose;  // ties page tokens to this search
};

// `tail`: the domain's own order. Fails with invalid for a filter, an order or a token that the domain does not know.
Result<SearchParts> search_parts(sql::Dialect dialect, const Domain& domain, const SearchRequest& request,
                                 std::vector<SortTerm> tail);

std::string purpose_of(std::string_view what, const SearchRequest& request);
SortTerm newest_first(std::string_view column);
std::string_view view_condition(View view, std::string_view active, std::string_view deleted);

}  // namespace ciclo::tracking
