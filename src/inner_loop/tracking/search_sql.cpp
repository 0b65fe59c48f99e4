#include "inner_loop/tracking/search_sql.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

bool is_postgresql(sql::Dialect dialect) {
  return dialect == sql::Dialect::postgresql;
}

// SQLite's LIKE ignores case; its GLOB does not.
std::string glob_of(std::string_view like) {
  std::string glob;
  for (const char c : like) {
    if (c == '%') glob += '*';
    else if (c == '_') glob += '?';
    else if (c == '*' || c == '?' || c == '[') glob += fmt::format("[{}]", c);
    else glob += c;
  }
  return glob;
}

void text_condition(Statement& out, std::string_view column, const Comparison& comparison, sql::Dialect dialect) {
  out.add(column);
  std::vector<std::string> texts;
  for (const Literal& literal : comparison.values) texts.push_back(literal.text);
  switch (comparison.comparator) {
    case Comparator::in: out.add(" IN ").bind_list(texts); return;
    case Comparator::not_in: out.add(" NOT IN ").bind_list(texts); return;
    case Comparator::like:
      if (is_postgresql(dialect)) out.add(" LIKE ").bind(texts.front()).add(" ESCAPE ''");
      else out.add(" GLOB ").bind(glob_of(texts.front()));
      return;
    case Comparator::ilike:
      if (is_postgresql(dialect)) out.add(" ILIKE ").bind(texts.front()).add(" ESCAPE ''");
      else out.add(" LIKE ").bind(texts.front());
      return;
    default: out.add(" ").add(name_of(comparison.comparator)).add(" ").bind(texts.front()); return;
  }
}

Failure wrong_value(const Comparison& comparison, std::string_view expected) {
  return fail(ErrorCode::invalid,
              fmt::format("Invalid filter: {}.{} {} needs {}", name_of(comparison.entity), comparison.key,
                          name_of(comparison.comparator), expected),
              "filter");
}

Result<void> number_condition(Statement& out, std::string_view column, const Comparison& comparison) {
  std::vector<double> numbers;
  for (const Literal& literal : comparison.values) {
    const auto number = literal.number ? literal.number : parse_double(literal.text);
    if (!number) return wrong_value(comparison, "a number");
    numbers.push_back(*number);
  }
  if (comparison.comparator == Comparator::like || comparison.comparator == Comparator::ilike)
    return wrong_value(comparison, "a text, and this is a number");
  const bool is_list = comparison.comparator == Comparator::in || comparison.comparator == Comparator::not_in;
  out.add(column).add(" ").add(name_of(comparison.comparator)).add(is_list ? " (" : " ");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out.add(", ");
    out.add("CAST(").bind(numbers[i]).add(" AS DOUBLE PRECISION)");
  }
  if (is_list) out.add(")");
  return {};
}

Result<void> exact_text_condition(Statement& out, std::string_view column, const Comparison& comparison,
                                  sql::Dialect dialect) {
  for (const Literal& literal : comparison.values)
    if (literal.number) return wrong_value(comparison, "a text in quotation marks");
  text_condition(out, column, comparison, dialect);
  return {};
}

Failure unknown_attribute(const Domain& domain, std::string_view key) {
  const auto near = nearest(key, domain.attribute_names);
  return fail(ErrorCode::invalid, fmt::format("Invalid attribute key '{}' of a {}", key, domain.noun), "filter",
              near ? fmt::format("did you mean '{}'?", *near)
                   : fmt::format("valid keys are {}", join(domain.attribute_names, ", ")));
}

const ChildTable& child_of(const Domain& domain, Entity entity) {
  if (entity == Entity::metric) return domain.metrics;
  return entity == Entity::param ? domain.params : domain.tags;
}

Result<Statement> attribute_condition(const Domain& domain, const Comparison& comparison, sql::Dialect dialect) {
  const auto column = domain.attribute(comparison.key);
  if (!column) return unknown_attribute(domain, comparison.key);
  Statement out;
  if (comparison.values.empty()) {
    out.add(column->sql).add(comparison.comparator == Comparator::is_null ? " IS NULL" : " IS NOT NULL");
    return out;
  }
  if (column->type == ColumnType::text) {
    text_condition(out, column->sql, comparison, dialect);
    return out;
  }
  CICLO_CHECK(number_condition(out, column->sql, comparison));
  return out;
}

Result<Statement> child_condition(const Domain& domain, const Comparison& comparison, sql::Dialect dialect) {
  const ChildTable& child = child_of(domain, comparison.entity);
  if (child.table.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("Invalid filter: a {} has no {}", domain.noun, name_of(comparison.entity)), "filter");
  }
  Statement out;
  out.add(comparison.comparator == Comparator::is_null ? "NOT EXISTS" : "EXISTS");
  out.add(" (SELECT 1 FROM ").add(child.table).add(" c WHERE ").add(child.owner);
  out.add(" AND c.key = ").bind(comparison.key).add(child.also);
  if (!comparison.values.empty()) {
    out.add(" AND ");
    if (comparison.entity == Entity::metric) {
      CICLO_CHECK(number_condition(out, "c.value", comparison));
      out.add(" AND c.is_nan = 0");
    } else {
      CICLO_CHECK(exact_text_condition(out, "c.value", comparison, dialect));
    }
  }
  out.add(")");
  return out;
}

Result<Statement> dataset_condition(const Domain& domain, const Comparison& comparison, sql::Dialect dialect) {
  if (domain.datasets.empty())
    return fail(ErrorCode::invalid, fmt::format("Invalid filter: a {} has no datasets", domain.noun), "filter");
  std::string_view column;
  if (comparison.key == "name") column = "d.name";
  if (comparison.key == "digest") column = "d.digest";
  if (comparison.key == "context") column = "u.context";
  if (column.empty() || comparison.values.empty()) {
    return fail(ErrorCode::invalid, fmt::format("Invalid dataset key '{}'", comparison.key), "filter",
                "valid keys are name, digest, context");
  }
  Statement out;
  out.add("EXISTS (").add(domain.datasets);
  text_condition(out, column, comparison, dialect);
  out.add(")");
  return out;
}

}  // namespace

Result<Statement> column_condition(std::string_view column, ColumnType type, const Comparison& comparison,
                                   sql::Dialect dialect) {
  Statement out;
  if (type == ColumnType::text) text_condition(out, column, comparison, dialect);
  else CICLO_CHECK(number_condition(out, column, comparison));
  return out;
}

Result<Statement> condition_sql(const Domain& domain, const Expression& expression, sql::Dialect dialect) {
  if (expression.kind == Expression::Kind::comparison) {
    const Comparison& comparison = expression.comparison;
    if (comparison.entity == Entity::attribute) return attribute_condition(domain, comparison, dialect);
    if (comparison.entity == Entity::dataset) return dataset_condition(domain, comparison, dialect);
    return child_condition(domain, comparison, dialect);
  }
  Statement out;
  if (expression.children.empty()) {
    out.add("1 = 1");
    return out;
  }
  out.add("(");
  for (std::size_t i = 0; i < expression.children.size(); ++i) {
    if (i > 0) out.add(expression.kind == Expression::Kind::all ? " AND " : " OR ");
    CICLO_TRY(const auto child, condition_sql(domain, expression.children[i], dialect));
    out.add(child);
  }
  out.add(")");
  return out;
}

namespace {

constexpr std::size_t max_orders = 16;

// Adds the terms of one value that may be missing: first whether it is, then the value.
void add_nullable(SortPlan& plan, const Statement& value, const Statement& is_missing, ColumnType type,
                  bool ascending) {
  Statement missing_first;
  missing_first.add("CASE WHEN ").add(is_missing).add(" THEN 1 ELSE 0 END");
  Statement filled;
  filled.add("CASE WHEN ").add(is_missing).add(type == ColumnType::text ? " THEN '' ELSE " : " THEN 0 ELSE ");
  filled.add(value).add(" END");
  plan.terms.push_back({.expression = missing_first, .type = ColumnType::integer, .ascending = true});
  plan.terms.push_back({.expression = filled, .type = type, .ascending = ascending});
}

// The greatest of an item's several values of one key, as a scalar.
Statement greatest_of(const ChildTable& child, const std::string& key, bool is_metric) {
  Statement value;
  value.add("(SELECT MAX(c.value) FROM ").add(child.table).add(" c WHERE ").add(child.owner);
  value.add(" AND c.key = ").bind(key).add(child.also).add(is_metric ? " AND c.is_nan = 0)" : ")");
  return value;
}

Result<void> add_order(const Domain& domain, const Order& order, std::size_t index, SortPlan& plan) {
  if (order.entity == Entity::attribute) {
    const auto column = domain.attribute(order.key);
    if (!column) return unknown_attribute(domain, order.key);
    if (column->nullable) {
      const std::string value(column->sql);
      add_nullable(plan, Statement{value, {}}, Statement{value + " IS NULL", {}}, column->type, order.ascending);
    } else {
      plan.terms.push_back({.expression = {.text = std::string(column->sql), .parameters = {}},
                            .type = column->type,
                            .ascending = order.ascending});
    }
    return {};
  }
  const ChildTable& child = child_of(domain, order.entity);
  if (order.entity == Entity::dataset || child.table.empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("Invalid order_by: a {} is not sorted by {}", domain.noun, name_of(order.entity)),
                "order_by");
  }
  const bool is_metric = order.entity == Entity::metric;
  const ColumnType type = is_metric ? ColumnType::real : ColumnType::text;
  if (!child.is_unique) {
    const Statement value = greatest_of(child, order.key, is_metric);
    Statement missing = value;
    add_nullable(plan, value, missing.add(" IS NULL"), type, order.ascending);
    return {};
  }
  const std::string alias = fmt::format("o{}", index);
  // The condition speaks of `c`; within the join the row has a name of its own.
  const std::string owner = replace_all(std::string(child.owner), "c.", alias + ".");
  plan.joins.add(fmt::format(" LEFT JOIN {} {} ON {} AND {}.key = ", child.table, alias, owner, alias)).bind(order.key);
  const std::string value = alias + ".value";
  const std::string nan = is_metric ? fmt::format(" OR {}.is_nan <> 0", alias) : "";
  add_nullable(plan, Statement{value, {}}, Statement{value + " IS NULL" + nan, {}}, type, order.ascending);
  return {};
}

sql::Value bound(const Json& value, ColumnType type) {
  if (type == ColumnType::text) return value.get<std::string>();
  if (type == ColumnType::real) return value.get<double>();
  return value.get<std::int64_t>();
}

bool fits(const Json& value, ColumnType type) {
  if (type == ColumnType::text) return value.is_string();
  return type == ColumnType::real ? value.is_number() : value.is_number_integer();
}

}  // namespace

Result<SortPlan> sort_plan(const Domain& domain, const std::vector<Order>& orders, std::vector<SortTerm> tail) {
  if (orders.size() > max_orders) return fail(ErrorCode::invalid, "more than 16 order_by clauses", "order_by");
  SortPlan plan;
  for (std::size_t i = 0; i < orders.size(); ++i) CICLO_CHECK(add_order(domain, orders[i], i, plan));
  for (SortTerm& term : tail) plan.terms.push_back(std::move(term));
  return plan;
}

Statement sort_columns(const SortPlan& plan) {
  Statement out;
  for (const SortTerm& term : plan.terms) out.add(", ").add(term.expression);
  return out;
}

Statement order_by_sql(const SortPlan& plan) {
  Statement out;
  for (std::size_t i = 0; i < plan.terms.size(); ++i) {
    out.add(i == 0 ? " ORDER BY " : ", ").add(plan.terms[i].expression).add(plan.terms[i].ascending ? " ASC" : " DESC");
  }
  return out;
}

Result<std::string> next_token(std::string_view purpose, const SortPlan& plan, const sql::Row& last,
                               std::size_t first_column) {
  Json position = Json::array();
  for (std::size_t i = 0; i < plan.terms.size(); ++i) {
    const std::size_t column = first_column + i;
    switch (plan.terms[i].type) {
      case ColumnType::integer: position.push_back(last.integer(column)); break;
      case ColumnType::real: position.push_back(last.real(column)); break;
      case ColumnType::text: position.push_back(last.text(column)); break;
    }
  }
  return make_page_token(purpose, position);
}

Result<Statement> after_sql(std::string_view purpose, const SortPlan& plan, std::string_view token) {
  Statement out;
  if (token.empty()) return out;
  CICLO_TRY(const auto position, read_page_token(purpose, token));
  bool is_valid = position.is_array() && position.size() == plan.terms.size();
  for (std::size_t i = 0; is_valid && i < plan.terms.size(); ++i) is_valid = fits(position[i], plan.terms[i].type);
  if (!is_valid) return fail(ErrorCode::invalid, "Invalid page token", "page_token");
  // (t1 > v1) OR (t1 = v1 AND t2 > v2) …; the leading bound lets an index on the first key be used.
  const SortTerm& leading = plan.terms.front();
  out.add(" AND ")
      .add(leading.expression)
      .add(leading.ascending ? " >= " : " <= ")
      .bind(bound(position[0], leading.type));
  out.add(" AND (");
  for (std::size_t i = 0; i < plan.terms.size(); ++i) {
    out.add(i == 0 ? "(" : " OR (");
    for (std::size_t j = 0; j < i; ++j) {
      out.add(plan.terms[j].expression).add(" = ").bind(bound(position[j], plan.terms[j].type)).add(" AND ");
    }
    out.add(plan.terms[i].expression).add(plan.terms[i].ascending ? " > " : " < ");
    out.bind(bound(position[i], plan.terms[i].type)).add(")");
  }
  out.add(")");
  return out;
}

}  // namespace ciclo::tracking
