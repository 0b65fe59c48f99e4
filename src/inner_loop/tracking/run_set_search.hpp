// Evaluates a whole filter to the set of runs that meet it: one scan of an index a clause, then AND, OR and NOT over
// bits. It costs about 0.1 µs for each row of an index that a clause is met by, whatever the other clauses say; so it
// answers what looking at runs one by one cannot: clauses that are wide alone and narrow together, or met only far away
// in the order that is asked for.
//
// Indexes answer metrics; parameters and tags with every operator (LIKE and NOT IN read all of one key); status, times
// and the name of runs; and data sets. Other attributes are read from the runs themselves.
//
// Thread safety: belongs to the session it is made with.
#pragma once

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/run_scope.hpp"
#include "inner_loop/tracking/run_set.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

class RunSetSearch {
 public:
  // `greatest`: of all run numbers, as greatest_run() gives it.
  RunSetSearch(sql::Session& session, const RunScope& scope, std::int64_t greatest)
      : session_(session), scope_(scope), greatest_(greatest) {}

  static Result<std::int64_t> greatest_run(sql::Session& session);

  // The runs in the scope's view that meet the filter.
  Result<RunSet> matching(const Expression& expression) const;
  // Those of `runs` that have no value of this key to be ordered by: none, or NaN.
  Result<RunSet> without(RunSet runs, Entity entity, const std::string& key) const;

 private:
  Result<RunSet> evaluate(const Expression& expression) const;
  Result<RunSet> leaf(const Comparison& comparison) const;
  Result<RunSet> in_stages(std::span<const std::string_view> stages) const;
  // Runs `select` for each experiment: rows of a run and, when there is a second column, whether it must be looked at.
  struct Scan {
    Statement before;  // "SELECT c.run_number, c.is_cut FROM params c WHERE "
    std::string_view experiment_column;
    Statement after;  // " AND c.key = ? AND …"
    bool may_be_cut = false;
  };
  Result<RunSet> scan(const Scan& scan, const Comparison& comparison) const;
  // Adds those of `unsure` that meet the comparison.
  Result<void> look_at(const std::vector<std::int64_t>& unsure, const Comparison& comparison, RunSet& found) const;

  Result<RunSet> metric_leaf(const Comparison& comparison) const;
  Result<RunSet> text_leaf(const Comparison& comparison) const;
  Result<RunSet> attribute_leaf(const Comparison& comparison) const;
  Result<RunSet> dataset_leaf(const Comparison& comparison) const;

  sql::Session& session_;
  const RunScope& scope_;
  const std::int64_t greatest_;
};

// The condition on an index's `head` and `is_cut` that every run meets which meets the comparison, and that only such a
// run meets whose value is not cut.
Result<Statement> head_condition(std::string_view prefix, const Comparison& comparison, sql::Dialect dialect);

}  // namespace ciclo::tracking
