// The rules of tracing, one call a transaction. Callers were admitted by the Guard; these check what MLflow checks:
// that the experiment is there and active, limits, and which values win when a client's word and its spans come apart.
//
// A trace comes in two ways, in either order: its spans (OTLP), and its final state (start). What start() says about
// times, state, previews, tokens and cost is kept whatever the spans say; until then the spans decide.
//
// Errors: invalid for what is wrong with the request, not_found. Thread safety: safe from any thread; never call these
// from inside a Database::write closure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "inner_loop/traces/assessment_store.hpp"
#include "inner_loop/traces/correlation.hpp"
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/span_store.hpp"
#include "inner_loop/traces/trace_metrics.hpp"
#include "inner_loop/traces/trace_search.hpp"
#include "inner_loop/traces/trace_store.hpp"
#include "inner_loop/tracking/service.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::traces {

struct SpanBatch {
  std::string workspace;
  std::int64_t experiment_id = 0;
  std::vector<Span> spans;
  std::string run_id;  // links the traces whose root is among the spans; may be empty
  // The experiments whose traces may be added to: a trace that is there already may be another's.
  resources::Reach writable = {.everything = true};
};

struct TraceEnd {
  TraceRef ref;
  std::int64_t timestamp_ms = 0;
  TraceState state = TraceState::unspecified;
  std::vector<Tag> tags;
  std::vector<Tag> metadata;
};

struct TraceDeletion {
  std::string workspace;
  std::int64_t experiment_id = 0;
  std::optional<std::int64_t> max_timestamp_ms;
  std::optional<std::int64_t> max_traces;
  std::vector<std::string> trace_ids;
};

struct AssessmentUpdate {
  TraceRef ref;
  std::string assessment_id;
  std::optional<std::string> name;
  std::optional<AssessmentValue> value;
  std::optional<std::string> rationale;
  std::vector<Tag> metadata;  // added to what is there
};

struct WholeTrace {
  Trace trace;
  std::vector<Span> spans;
};

class TraceService {
 public:
  TraceService(sql::Database& database, const Clock& clock, tracking::ExperimentService& experiments)
      : database_(database), clock_(clock), experiments_(experiments) {}

  // Stores the final state of a trace; over what spans made of it before. Fails with denied when the trace is there and
  // in no experiment of `writable`.
  Result<Trace> start(const std::string& workspace, Trace trace,
                      const resources::Reach& writable = {.everything = true});
  // MLflow 2's way: begun here, ended by end().
  Result<Trace> begin(Trace trace);
  Result<Trace> end(const TraceEnd& request);
  // All spans of a request, or none. Fails as start() does.
  Result<void> log_spans(SpanBatch batch);

  // With tags, metadata and assessments.
  Result<Trace> get(const TraceRef& ref);
  Result<std::vector<Trace>> get_all(const std::string& workspace, const std::vector<std::string>& trace_ids,
                                     const std::vector<std::int64_t>& experiment_ids);
  // With spans. Fails with not_found when the spans are in a file, and while some are missing that the client said
  // there are, unless `allow_partial`.
  Result<WholeTrace> get_whole(const TraceRef& ref, bool allow_partial);
  // Those whose spans are all there.
  Result<std::vector<WholeTrace>> get_all_whole(const std::string& workspace, const std::vector<std::string>& trace_ids,
                                                const std::vector<std::int64_t>& experiment_ids);
  Result<Page<Trace>> search(const TraceSearch& request);

  Result<void> set_tag(const TraceRef& ref, const Tag& tag);
  Result<void> delete_tag(const TraceRef& ref, const std::string& key);
  Result<std::int64_t> remove(const TraceDeletion& request);
  Result<void> link_run(const std::string& workspace, const std::vector<std::string>& trace_ids,
                        const std::string& run_id);
  Result<void> link_prompts(const TraceRef& ref, const std::vector<std::string>& prompts);

  Result<Assessment> create_assessment(const TraceRef& ref, Assessment assessment);
  Result<Assessment> get_assessment(const TraceRef& ref, const std::string& id);
  Result<Assessment> update_assessment(const AssessmentUpdate& request);
  // No failure when there is none.
  Result<void> delete_assessment(const TraceRef& ref, const std::string& id);

  Result<std::vector<MetricPoint>> metrics(const MetricQuery& query);
  Result<Correlation> correlation(const CorrelationQuery& query);

 private:
  sql::Database& database_;
  const Clock& clock_;
  tracking::ExperimentService& experiments_;
  TraceStore store_;
  SpanStore spans_;
  AssessmentStore assessments_;
};

}  // namespace ciclo::traces
