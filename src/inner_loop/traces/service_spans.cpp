// Spans on their way into the store.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "inner_loop/traces/conventions.hpp"
#include "inner_loop/traces/service.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/traces/summary.hpp"

namespace ciclo::traces {
namespace {

// The trace that these spans alone make.
Trace first_state(const SpanBatch& batch, const std::string& trace_id, const Summary& summary) {
  Trace trace;
  trace.workspace = batch.workspace;
  trace.trace_id = trace_id;
  trace.experiment_id = batch.experiment_id;
  trace.timestamp_ms = summary.start_ms;
  if (summary.end_ms) trace.execution_time_ms = *summary.end_ms - summary.start_ms;
  trace.state = TraceState::in_progress;
  return trace;
}

// The earliest start and the latest end of what was known and what came.
void widen(Trace& trace, const Summary& summary) {
  const std::int64_t end = trace.timestamp_ms + trace.execution_time_ms.value_or(0);
  trace.timestamp_ms = std::min(trace.timestamp_ms, summary.start_ms);
  if (summary.end_ms) trace.execution_time_ms = std::max(end, *summary.end_ms) - trace.timestamp_ms;
}

template <class Value>
void set_when_empty(std::optional<Value>& target, const std::optional<Value>& value) {
  if (!target && value) target = value;
}

void apply(Trace& trace, const Summary& summary) {
  if (!trace.is_finalized) widen(trace, summary);
  const bool is_open = trace.state == TraceState::in_progress || trace.state == TraceState::unspecified;
  if (is_open && summary.root_state) trace.state = *summary.root_state;
  set_when_empty(trace.request_preview, summary.request_preview);
  set_when_empty(trace.response_preview, summary.response_preview);
  set_when_empty(trace.session_id, summary.session_id);
  if (summary.name) trace.name = summary.name;
  // A trace without a name shows as its root: OpenTelemetry has no other.
  if (!trace.name && !summary.root_name.empty()) trace.name = summary.root_name;
}

std::map<std::string, std::vector<Span>> by_trace(std::vector<Span> spans) {
  std::map<std::string, std::vector<Span>> groups;
  for (Span& span : spans) groups[span.trace_id].push_back(std::move(span));
  return groups;
}

using UsageOf = std::optional<Usage> (*)(const Span&);

bool says(const std::vector<Span>& spans, UsageOf usage_of) {
  return std::ranges::any_of(spans, [&](const Span& span) { return usage_of(span).has_value(); });
}

// The last of each id, as the store keeps it.
std::vector<UsageNode> nodes_of(const std::vector<Span>& spans, UsageOf usage_of) {
  std::map<std::string_view, const Span*> last;
  for (const Span& span : spans) last[span.span_id] = &span;
  std::vector<UsageNode> nodes;
  for (const auto& [id, span] : last)
    nodes.push_back({.span_id = span->span_id, .parent_id = span->parent_id, .usage = usage_of(*span)});
  return nodes;
}

}  // namespace

// Adds the spans of one trace. Tokens and cost are added up anew over all of its spans, as a parent's sum and its
// children may come in different requests.
class SpanWriter {
 public:
  SpanWriter(sql::Session& session, const SpanBatch& batch, const tracking::Experiment& experiment)
      : session_(session), batch_(batch), experiment_(experiment) {}

  Result<void> write(const std::string& trace_id, const std::vector<Span>& spans) const {
    const Summary summary = summarize(spans);
    CICLO_TRY(auto found, store_.find(session_, {batch_.workspace, trace_id}));
    std::vector<Tag> tags = summary.tags;
    tags.push_back(stored_spans_tag());
    Trace trace = found ? std::move(*found) : first_state(batch_, trace_id, summary);
    apply(trace, summary);
    if (found) {
      CICLO_CHECK(check_writable(trace, batch_.writable));
      CICLO_CHECK(spans_.put_in(session_, trace.number, spans));
      CICLO_CHECK(add_up_all(trace, spans));
      CICLO_CHECK(store_.update_in(session_, trace));
    } else {
      tags.push_back(artifact_location_tag(experiment_, trace_id));
      trace.usage.tokens = add_up(nodes_of(spans, tokens_of), false).tokens;
      trace.usage.costs = add_up(nodes_of(spans, cost_of), true).costs;
      CICLO_CHECK(store_.insert_in(session_, trace));
      CICLO_CHECK(spans_.put_in(session_, trace.number, spans));
    }
    CICLO_CHECK(store_.put_tags_in(session_, trace.number, tags));
    if (summary.user) CICLO_CHECK(put_user(trace.number, *summary.user));
    if (summary.root_state && !batch_.run_id.empty()) return store_.link_run_in(session_, trace.number, batch_.run_id);
    return {};
  }

 private:
  // Over what is stored, these spans included; what a client's final word said stays.
  Result<void> add_up_all(Trace& trace, const std::vector<Span>& spans) const {
    const bool keeps_tokens = trace.is_finalized && trace.usage.has_tokens();
    if (!keeps_tokens && says(spans, tokens_of)) {
      CICLO_TRY(const auto nodes, spans_.usage_nodes(session_, trace.number, false));
      trace.usage.tokens = add_up(nodes, false).tokens;
    }
    const bool keeps_costs = trace.is_finalized && trace.usage.has_costs();
    if (!keeps_costs && says(spans, cost_of)) {
      CICLO_TRY(const auto nodes, spans_.usage_nodes(session_, trace.number, true));
      trace.usage.costs = add_up(nodes, true).costs;
    }
    return {};
  }

  // The first user counts.
  Result<void> put_user(std::int64_t number, const std::string& user) const {
    CICLO_TRY(const auto known, session_.query_one("SELECT 1 FROM trace_metadata WHERE trace_number = ? AND key = ?",
                                                   {number, key::user}));
    return known ? Result<void>() : store_.put_metadata_in(session_, number, {{std::string(key::user), user}});
  }

  sql::Session& session_;
  const SpanBatch& batch_;
  const tracking::Experiment& experiment_;
  TraceStore store_;
  SpanStore spans_;
};

Result<void> TraceService::log_spans(SpanBatch batch) {
  CICLO_CHECK(experiments_.ensure_default(batch.workspace));
  for (Span& span : batch.spans) {
    add_mlflow_attributes(span);
    // The id of the trace is the server's to say, whatever a span claims.
    span.attributes["mlflow.traceRequestId"] = span.trace_id;
  }
  const auto groups = by_trace(std::exchange(batch.spans, {}));
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto experiment, tracking::ExperimentStore().get(session, batch.workspace, batch.experiment_id));
    if (experiment.stage != tracking::Lifecycle::active)
      return fail(ErrorCode::invalid,
                  fmt::format("The experiment {} must be in the 'active' state. Current state is deleted",
                              batch.experiment_id));
    const SpanWriter writer(session, batch, experiment);
    for (const auto& [trace_id, spans] : groups) CICLO_CHECK(writer.write(trace_id, spans));
    return {};
  });
}

}  // namespace ciclo::traces
