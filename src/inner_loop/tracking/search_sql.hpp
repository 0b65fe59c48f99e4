// From a filter's tree and order_by clauses to parameterised SQL with keyset paging; shared by the searches of runs,
// experiments and logged models, each of which describes itself as a Domain.
//
// A comparison of a metric, parameter or tag becomes an EXISTS over the child table's primary key: no joins that
// multiply rows, no DISTINCT, no OFFSET. Thread safety: plain values and pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

enum class ColumnType : std::uint8_t { integer, real, text };

struct SearchColumn {
  std::string_view sql;  // "r.start_time"
  ColumnType type = ColumnType::text;
  bool nullable = false;
};

// Rows (key, value) that belong to an item: its metrics, parameters or tags.
struct ChildTable {
  std::string_view table;  // empty: the domain has none
  std::string_view owner;  // how a row `c` meets its item: "c.run_number = r.run_number"
  Statement also;          // a further condition on `c`, with its values
  bool is_unique = true;   // at most one row of a key belongs to an item; else the greatest value is sorted by
};

struct Domain {
  std::string_view noun;  // "run", for messages
  // The attribute of that name, or nothing.
  std::function<std::optional<SearchColumn>(std::string_view)> attribute;
  std::vector<std::string> attribute_names;  // for "did you mean"
  ChildTable metrics;
  ChildTable params;
  ChildTable tags;
  // Columns of the data sets of an item, as an EXISTS that ends open: "… WHERE u.run_number = r.run_number AND ".
  std::string_view datasets;
};

// The condition, without WHERE; nothing is bound that is not a parameter. Fails with invalid for a key or a value that
// the domain does not know.
Result<Statement> condition_sql(const Domain& domain, const Expression& expression, sql::Dialect dialect);

// "<column> <comparator> <values>" alone, for a comparison that has values.
Result<Statement> column_condition(std::string_view column, ColumnType type, const Comparison& comparison,
                                   sql::Dialect dialect);

// One sort key, already free of NULLs.
struct SortTerm {
  Statement expression;
  ColumnType type = ColumnType::text;
  bool ascending = true;
};

struct SortPlan {
  std::vector<SortTerm> terms;
  Statement joins;  // LEFT JOINs for metrics, parameters and tags that are sorted by
};

// Missing values come last in either direction. `tail`: the domain's own order, ended by a unique column.
Result<SortPlan> sort_plan(const Domain& domain, const std::vector<Order>& orders, std::vector<SortTerm> tail);

// ", t1, t2": the terms as columns of the answer, from which the page token is made.
Statement sort_columns(const SortPlan& plan);
Statement order_by_sql(const SortPlan& plan);

// What a page token carries: where the page before ended. `purpose` ties it to one search (its filter and order).
std::string make_page_token(std::string_view purpose, const Json& position);
// Fails with invalid when the token is none of ours or of another search.
Result<Json> read_page_token(std::string_view purpose, std::string_view token);

Result<std::string> next_token(std::string_view purpose, const SortPlan& plan, const sql::Row& last,
                               std::size_t first_column);
// " AND (…)" that goes on after the token's row; empty without a token.
Result<Statement> after_sql(std::string_view purpose, const SortPlan& plan, std::string_view token);

}  // namespace ciclo::tracking
