#include "inner_loop/tracking/run_set_search.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ciclo::tracking {
namespace {

// Equality with one of these values: by their heads. A value that is cut is met by none that is not, and the other way
// round only after a look.
Statement heads_condition(std::string_view prefix, const Comparison& comparison) {
  std::vector<std::string> all;
  std::vector<std::string> whole;
  for (const Literal& literal : comparison.values) {
    const Head head = head_of(literal.text);
    all.push_back(head.text);
    if (!head.is_cut) whole.push_back(head.text);
  }
  Statement out;
  out.add(prefix).add("head IN ").bind_list(all);
  if (whole.size() == all.size()) return out;
  return out.add(" AND (").add(prefix).add("is_cut = 1 OR ").add(prefix).add("head IN ").bind_list(whole).add(")");
}

// What LIKE's pattern begins with, before its first wildcard.
std::string fixed_start(std::string_view pattern) {
  return head_of(pattern.substr(0, pattern.find_first_of("%_"))).text;
}

}  // namespace

Result<Statement> head_condition(std::string_view prefix, const Comparison& comparison, sql::Dialect dialect) {
  if (comparison.comparator == Comparator::equal || comparison.comparator == Comparator::in)
    return heads_condition(prefix, comparison);
  CICLO_TRY(const auto condition,
            column_condition(fmt::format("{}head", prefix), ColumnType::text, comparison, dialect));
  Statement out;
  out.add("(").add(prefix).add("is_cut = 1 OR ").add(condition).add(")");
  // SQLite compares texts by their bytes, so what begins alike lies together.
  if (comparison.comparator != Comparator::like || dialect != sql::Dialect::sqlite) return out;
  const std::string start = fixed_start(comparison.values.front().text);
  if (start.empty()) return out;
  out.add(" AND ").add(prefix).add("head >= ").bind(start);
  std::string beyond = start;
  while (!beyond.empty() && static_cast<unsigned char>(beyond.back()) >= 0xF4U) beyond.pop_back();
  if (beyond.empty()) return out;
  beyond.back() = static_cast<char>(static_cast<unsigned char>(beyond.back()) + 1U);
  out.add(" AND ").add(prefix).add("head < ").bind(std::move(beyond));
  return out;
}

Result<std::int64_t> RunSetSearch::greatest_run(sql::Session& session) {
  CICLO_TRY(const auto row, session.query_one("SELECT MAX(run_number) FROM runs"));
  return row ? row->integer(0) : 0;
}

Result<RunSet> RunSetSearch::in_stages(std::span<const std::string_view> stages) const {
  RunSet found(greatest_);
  for (const ScopedExperiment& experiment : scope_.experiments) {
    for (const std::string_view stage : stages) {
      CICLO_CHECK(
          session_.scan("SELECT r.run_number FROM runs r WHERE r.experiment_number = ? AND r.lifecycle_stage = ?",
                        std::vector<sql::Value>{experiment.number, stage}, [&](const sql::RowView& row) {
                          found.add(row.integer(0));
                          return true;
                        }));
    }
  }
  return found;
}

Result<RunSet> RunSetSearch::matching(const Expression& expression) const {
  if (expression.kind == Expression::Kind::all && expression.children.empty()) return in_stages(scope_.stages());
  CICLO_TRY(auto found, evaluate(expression));
  if (scope_.view == View::all) return found;
  // Few runs are deleted.
  static constexpr std::string_view deleted[] = {"deleted"};
  CICLO_TRY(const auto gone, in_stages(deleted));
  if (scope_.view == View::active_only) found.remove_all(gone);
  else found.keep(gone);
  return found;
}

Result<RunSet> RunSetSearch::without(RunSet runs, Entity entity, const std::string& key) const {
  for (const ScopedExperiment& experiment : scope_.experiments) {
    Statement statement;
    statement.add("SELECT c.run_number FROM ").add(table_of(entity)).add(" c WHERE c.experiment_number = ");
    statement.bind(experiment.number).add(" AND c.key = ").bind(key);
    if (entity == Entity::metric) statement.add(" AND c.is_nan = 0");
    RunSet having(greatest_);
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      having.add(row.integer(0));
      return true;
    }));
    runs.remove_all(having);
  }
  return runs;
}

Result<RunSet> RunSetSearch::evaluate(const Expression& expression) const {
  if (expression.kind == Expression::Kind::comparison) return leaf(expression.comparison);
  if (expression.children.empty()) return in_stages(scope_.stages());
  CICLO_TRY(auto found, evaluate(expression.children.front()));
  for (std::size_t i = 1; i < expression.children.size(); ++i) {
    CICLO_TRY(const auto further, evaluate(expression.children[i]));
    if (expression.kind == Expression::Kind::all) found.keep(further);
    else found.add_all(further);
  }
  return found;
}

Result<RunSet> RunSetSearch::leaf(const Comparison& comparison) const {
  if (comparison.entity == Entity::attribute) return attribute_leaf(comparison);
  if (comparison.entity == Entity::dataset) return dataset_leaf(comparison);
  if (comparison.comparator == Comparator::is_null) {
    Comparison present = comparison;
    present.comparator = Comparator::is_not_null;
    CICLO_TRY(auto found, in_stages(scope_.stages()));
    CICLO_TRY(const auto having, leaf(present));
    found.remove_all(having);
    return found;
  }
  return comparison.entity == Entity::metric ? metric_leaf(comparison) : text_leaf(comparison);
}

Result<RunSet> RunSetSearch::scan(const Scan& scan, const Comparison& comparison) const {
  RunSet found(greatest_);
  std::vector<std::int64_t> unsure;
  for (const ScopedExperiment& experiment : scope_.experiments) {
    Statement statement = scan.before;
    statement.add(scan.experiment_column).add(" = ").bind(experiment.number).add(scan.after);
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      if (scan.may_be_cut && row.integer(1) != 0) unsure.push_back(row.integer(0));
      else found.add(row.integer(0));
      return true;
    }));
  }
  CICLO_CHECK(look_at(unsure, comparison, found));
  return found;
}

Result<void> RunSetSearch::look_at(const std::vector<std::int64_t>& unsure, const Comparison& comparison,
                                   RunSet& found) const {
  Expression one;
  one.kind = Expression::Kind::comparison;
  one.comparison = comparison;
  for (std::size_t begin = 0; begin < unsure.size(); begin += max_bound_list) {
    const std::size_t end = std::min(begin + max_bound_list, unsure.size());
    Statement statement;
    statement.add("SELECT r.run_number FROM runs r WHERE r.run_number IN ");
    statement.bind_list(std::vector<std::int64_t>(unsure.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  unsure.begin() + static_cast<std::ptrdiff_t>(end)));
    CICLO_TRY(const auto condition, condition_sql(run_domain(), one, session_.dialect()));
    statement.add(" AND ").add(condition);
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      found.add(row.integer(0));
      return true;
    }));
  }
  return {};
}

Result<RunSet> RunSetSearch::metric_leaf(const Comparison& comparison) const {
  Scan scan;
  scan.before.add("SELECT c.run_number FROM latest_metrics c WHERE ");
  scan.experiment_column = "c.experiment_number";
  scan.after.add(" AND c.key = ").bind(comparison.key);
  if (!comparison.values.empty()) {
    CICLO_TRY(const auto condition, column_condition("c.value", ColumnType::real, comparison, session_.dialect()));
    scan.after.add(" AND c.is_nan = 0 AND ").add(condition);
  }
  return this->scan(scan, comparison);
}

Result<RunSet> RunSetSearch::text_leaf(const Comparison& comparison) const {
  Scan scan;
  scan.may_be_cut = !comparison.values.empty();
  scan.before.add("SELECT c.run_number, c.is_cut FROM ").add(table_of(comparison.entity)).add(" c WHERE ");
  scan.experiment_column = "c.experiment_number";
  scan.after.add(" AND c.key = ").bind(comparison.key);
  if (scan.may_be_cut) {
    CICLO_TRY(const auto condition, head_condition("c.", comparison, session_.dialect()));
    scan.after.add(" AND ").add(condition);
  }
  return this->scan(scan, comparison);
}

Result<RunSet> RunSetSearch::attribute_leaf(const Comparison& comparison) const {
  Scan scan;
  scan.experiment_column = "r.experiment_number";
  const auto column = run_domain().attribute(comparison.key);
  if (column && column->sql == "r.name" && !comparison.values.empty()) {
    scan.may_be_cut = true;
    scan.before.add("SELECT r.run_number, r.name_is_cut FROM runs r WHERE ");
    CICLO_TRY(const auto condition, head_condition("r.name_", comparison, session_.dialect()));
    // The columns of runs are called name_head and name_is_cut.
    scan.after.add(" AND ").add(condition);
  } else {
    Expression one;
    one.kind = Expression::Kind::comparison;
    one.comparison = comparison;
    CICLO_TRY(const auto condition, condition_sql(run_domain(), one, session_.dialect()));
    scan.before.add("SELECT r.run_number FROM runs r WHERE ");
    scan.after.add(" AND ").add(condition);
  }
  return this->scan(scan, comparison);
}

Result<RunSet> RunSetSearch::dataset_leaf(const Comparison& comparison) const {
  Expression one;
  one.kind = Expression::Kind::comparison;
  one.comparison = comparison;
  // Refuses unknown keys.
  CICLO_TRY(std::ignore, condition_sql(run_domain(), one, session_.dialect()));
  const std::string_view column = comparison.key == "name"     ? "d.name"
                                  : comparison.key == "digest" ? "d.digest"
                                                               : "u.context";
  CICLO_TRY(const auto condition, column_condition(column, ColumnType::text, comparison, session_.dialect()));
  RunSet found(greatest_);
  for (const ScopedExperiment& experiment : scope_.experiments) {
    Statement statement;
    statement.add("SELECT u.run_number FROM datasets d CROSS JOIN run_datasets u WHERE d.workspace = ");
    statement.bind(scope_.workspace).add(" AND d.experiment_id = ").bind(experiment.id);
    statement.add(" AND u.dataset_number = d.dataset_number AND ").add(condition);
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      found.add(row.integer(0));
      return true;
    }));
  }
  return found;
}

}  // namespace ciclo::tracking
