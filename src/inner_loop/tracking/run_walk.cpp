#include "inner_loop/tracking/run_walk.hpp"

#include <algorithm>

namespace ciclo::tracking {

// One stretch of an index in which the wanted order holds.
struct RunWalk::Part {
  std::int64_t experiment_number = 0;
  std::string_view stage;
};

namespace {

bool is_range(const Comparison& comparison) {
  switch (comparison.comparator) {
    case Comparator::equal:
    case Comparator::less:
    case Comparator::less_equal:
    case Comparator::greater:
    case Comparator::greater_equal: return true;
    default: return false;
  }
}

// Takes rows of one part until there are enough. Rows of one value come oldest first when the walk ascends, as the
// index has them; they are turned round when the value changes.
class Collector {
 public:
  Collector(std::size_t count, bool ascending) : count_(count), ascending_(ascending) {}

  // False when there are enough.
  template <class Same, class Before>
  bool take(RunPosition position, Same same, Before before) {
    if (ascending_ && group_ < runs_.size() && !same(runs_[group_], position)) {
      close_group(before);
      if (runs_.size() >= count_) return false;
    }
    runs_.push_back(std::move(position));
    return ascending_ || runs_.size() < count_;
  }
  template <class Before>
  void close_group(Before before) {
    std::sort(runs_.begin() + static_cast<std::ptrdiff_t>(group_), runs_.end(), before);
    group_ = runs_.size();
  }
  std::vector<RunPosition> take_runs() { return std::move(runs_); }

 private:
  const std::size_t count_;
  const bool ascending_;
  std::vector<RunPosition> runs_;
  std::size_t group_ = 0;  // where the runs of the present value begin
};

}  // namespace

bool RunWalk::comes_before(const RunPosition& a, const RunPosition& b) const {
  if (order_.entity == Entity::metric) {
    if (a.number != b.number) return order_.ascending ? a.number < b.number : a.number > b.number;
  } else if (order_.entity != Entity::attribute) {
    if (a.text != b.text) return order_.ascending ? a.text < b.text : a.text > b.text;
  } else if (order_.ascending && a.start_time != b.start_time) {
    return a.start_time < b.start_time;
  }
  return std::pair(a.start_time, a.run_number) > std::pair(b.start_time, b.run_number);
}

bool RunWalk::same_value(const RunPosition& a, const RunPosition& b) const {
  if (order_.entity == Entity::metric) return a.number == b.number;
  if (order_.entity == Entity::attribute) return a.start_time == b.start_time;
  return a.text == b.text;
}

RunPosition RunWalk::position_from(const sql::RowView& row) const {
  RunPosition position;
  position.start_time = row.integer(0);
  position.run_number = row.integer(1);
  if (order_.entity == Entity::metric) position.number = row.real(2);
  else if (order_.entity != Entity::attribute) position.text = row.text(2);
  return position;
}

Result<void> RunWalk::add_bounds(Statement& statement) const {
  for (const Comparison* bound : bounds_) {
    if (bound->entity != order_.entity || !is_range(*bound)) continue;
    const bool is_time = bound->entity == Entity::attribute && (bound->key == "start_time" || bound->key == "created");
    const bool is_metric = bound->entity == Entity::metric && bound->key == order_.key;
    if (!is_time && !is_metric) continue;
    CICLO_TRY(const auto condition,
              column_condition(is_time ? "r.start_time" : "c.value", ColumnType::real, *bound, session_.dialect()));
    statement.add(" AND ").add(condition);
  }
  return {};
}

Result<Statement> RunWalk::select(const Part& part, const std::optional<RunPosition>& after) const {
  Statement out;
  if (order_.entity == Entity::attribute) {
    out.add("SELECT r.start_time, r.run_number FROM runs r WHERE r.experiment_number = ").bind(part.experiment_number);
    out.add(" AND r.lifecycle_stage = ").bind(part.stage);
    CICLO_CHECK(add_bounds(out));
    if (after && order_.ascending) {
      out.add(" AND r.start_time >= ").bind(after->start_time);
      out.add(" AND (r.start_time > ")
          .bind(after->start_time)
          .add(" OR r.run_number < ")
          .bind(after->run_number)
          .add(")");
    } else if (after) {
      out.add(" AND (r.start_time, r.run_number) < (")
          .bind(after->start_time)
          .add(", ")
          .bind(after->run_number)
          .add(")");
    }
    return out;
  }
  const bool is_metric = order_.entity == Entity::metric;
  const std::string value = is_metric ? "c.value" : "c.head";
  out.add("SELECT c.start_time, c.run_number, ").add(value).add(is_metric ? "" : ", c.is_cut").add(" FROM ");
  out.add(table_of(order_.entity)).add(" c WHERE c.experiment_number = ").bind(part.experiment_number);
  out.add(" AND c.key = ").bind(order_.key).add(is_metric ? " AND c.is_nan = 0" : "");
  CICLO_CHECK(add_bounds(out));
  if (after) {
    const sql::Value at = is_metric ? sql::Value(after->number) : sql::Value(after->text);
    const std::string_view bound = is_metric ? "CAST(? AS DOUBLE PRECISION)" : "CAST(? AS TEXT)";
    const auto add_value = [&] {
      out.add(bound);
      out.parameters.push_back(at);
    };
    out.add(" AND ").add(value).add(order_.ascending ? " >= " : " <= ");
    add_value();
    out.add(" AND (").add(value).add(order_.ascending ? " > " : " < ");
    add_value();
    out.add(" OR (c.start_time, c.run_number) < (").bind(after->start_time).add(", ").bind(after->run_number).add("))");
  }
  return out;
}

// SQLite hands rows out as it finds them; PostgreSQL sends them all, in any order that is asked for.
void RunWalk::add_order(Statement& statement, std::size_t most) const {
  const bool is_streamed = session_.dialect() == sql::Dialect::sqlite;
  const std::string_view direction = order_.ascending ? " ASC" : " DESC";
  const std::string_view newest_first = is_streamed ? direction : " DESC";
  const std::string_view value = order_.entity == Entity::metric ? "c.value" : "c.head";
  statement.add(" ORDER BY ");
  if (order_.entity == Entity::attribute) statement.add("r.start_time").add(direction).add(", r.run_number");
  else statement.add(value).add(direction).add(", c.start_time").add(newest_first).add(", c.run_number");
  statement.add(newest_first);
  if (!is_streamed && most > 0) statement.add(" LIMIT ").bind(most);
}

Result<Stretch> RunWalk::next(const std::optional<RunPosition>& after, std::size_t count, const Accept& accept) const {
  std::vector<Part> parts;
  for (const ScopedExperiment& experiment : scope_.experiments) {
    if (order_.entity != Entity::attribute) parts.push_back({.experiment_number = experiment.number, .stage = {}});
    else
      for (const std::string_view stage : scope_.stages()) parts.push_back({experiment.number, stage});
  }
  const auto before = [this](const RunPosition& a, const RunPosition& b) { return comes_before(a, b); };
  const auto same = [this](const RunPosition& a, const RunPosition& b) { return same_value(a, b); };
  const bool has_cuts = order_.entity == Entity::param || order_.entity == Entity::tag;
  Stretch stretch{.runs = {}, .ended = true, .is_cut = false};
  for (const Part& part : parts) {
    CICLO_TRY(auto statement, select(part, after));
    add_order(statement, accept ? 0 : count + 1);
    Collector collector(count, order_.ascending);
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      if (has_cuts && row.integer(3) != 0) stretch.is_cut = true;
      if (stretch.is_cut) return false;
      if (accept && !accept(row.integer(1))) return true;
      const bool goes_on = collector.take(position_from(row), same, before);
      if (!goes_on) stretch.ended = false;
      return goes_on;
    }));
    collector.close_group(before);
    for (RunPosition& position : collector.take_runs()) stretch.runs.push_back(std::move(position));
  }
  if (parts.size() > 1) std::ranges::sort(stretch.runs, before);
  if (stretch.runs.size() > count) {
    stretch.ended = false;
    stretch.runs.resize(count);
  }
  return stretch;
}

}  // namespace ciclo::tracking
