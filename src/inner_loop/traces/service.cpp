#include "inner_loop/traces/service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/tracking/run_store.hpp"

namespace ciclo::traces {
namespace {

// Traces are deleted in transactions of this size, so that no writer waits long.
constexpr std::int64_t deleted_at_once = 500;

Result<tracking::Experiment> active_experiment(sql::Session& session, const std::string& workspace, std::int64_t id) {
  CICLO_TRY(auto experiment, tracking::ExperimentStore().get(session, workspace, id));
  if (experiment.stage == tracking::Lifecycle::active) return experiment;
  return fail(ErrorCode::invalid,
              fmt::format("The experiment {} must be in the 'active' state. Current state is deleted", id));
}

// Are there fewer spans than the client counted?
bool is_incomplete(const Trace& trace, std::size_t spans) {
  const auto stats = tracking::find_tag(trace.metadata, key::size_stats);
  if (!stats) return spans == 0;
  const Json read = parse_json(*stats).value_or(Json());
  const Json& count = member(read, "num_spans");
  return spans == 0 || (count.is_number_integer() && static_cast<std::int64_t>(spans) < count.get<std::int64_t>());
}

bool is_in_store(const Trace& trace) {
  return tracking::find_tag(trace.tags, key::spans_location) == std::string(key::tracking_store);
}

Result<std::int64_t> delete_where(sql::Session& session, const TraceDeletion& request,
                                  const tracking::Statement& which) {
  tracking::Statement statement;
  statement.add("SELECT trace_number FROM traces WHERE workspace = ").bind(request.workspace);
  statement.add(" AND experiment_id = ").bind(request.experiment_id).add(" AND ").add(which);
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<std::int64_t> numbers;
  for (const sql::Row& row : rows) numbers.push_back(row.integer(0));
  CICLO_CHECK(TraceStore().delete_in(session, numbers));
  return static_cast<std::int64_t>(numbers.size());
}

}  // namespace

Result<Trace> TraceService::start(const std::string& workspace, Trace trace, const resources::Reach& writable) {
  CICLO_CHECK(experiments_.ensure_default(workspace));
  trace.workspace = workspace;
  trace.is_finalized = true;
  const std::int64_t now = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) -> Result<Trace> {
    CICLO_TRY(const auto experiment, active_experiment(session, workspace, trace.experiment_id));
    Trace stored = trace;
    CICLO_TRY(const auto before, store_.find(session, {workspace, trace.trace_id}));
    if (before) {
      CICLO_CHECK(check_writable(*before, writable));
      keep_from(*before, stored);
      CICLO_CHECK(store_.update_in(session, stored));
    } else {
      CICLO_CHECK(store_.insert_in(session, stored));
    }
    std::vector<Tag> tags = trace.tags;
    tags.push_back(artifact_location_tag(experiment, trace.trace_id));
    CICLO_CHECK(store_.put_tags_in(session, stored.number, tags));
    CICLO_CHECK(store_.put_metadata_in(session, stored.number, trace.metadata));
    for (Assessment assessment : trace.assessments) {
      if (assessment.assessment_id.empty()) assessment.assessment_id = "a-" + new_uid();
      if (assessment.create_time == 0) assessment.create_time = now;
      if (assessment.last_update_time == 0) assessment.last_update_time = now;
      CICLO_CHECK(assessments_.put_in(session, stored.number, assessment));
    }
    std::vector<Trace> one{std::move(stored)};
    for (auto* list : {&one.front().tags, &one.front().metadata}) list->clear();
    one.front().assessments.clear();
    CICLO_CHECK(store_.load_details(session, one));
    return std::move(one.front());
  });
}

Result<Trace> TraceService::begin(Trace trace) {
  CICLO_CHECK(experiments_.ensure_default(trace.workspace));
  trace.trace_id = new_uid();
  trace.state = TraceState::in_progress;
  return database_.write([&](sql::Session& session) -> Result<Trace> {
    CICLO_TRY(const auto experiment, active_experiment(session, trace.workspace, trace.experiment_id));
    Trace stored = trace;
    stored.tags.push_back(artifact_location_tag(experiment, stored.trace_id));
    CICLO_CHECK(store_.insert_in(session, stored));
    CICLO_CHECK(store_.put_tags_in(session, stored.number, stored.tags));
    CICLO_CHECK(store_.put_metadata_in(session, stored.number, stored.metadata));
    return stored;
  });
}

Result<Trace> TraceService::end(const TraceEnd& request) {
  return database_.write([&](sql::Session& session) -> Result<Trace> {
    CICLO_TRY(auto trace, store_.get(session, request.ref));
    trace.execution_time_ms = request.timestamp_ms - trace.timestamp_ms;
    trace.state = request.state;
    CICLO_CHECK(promote(trace, request.tags, request.metadata));
    CICLO_CHECK(store_.update_in(session, trace));
    CICLO_CHECK(store_.put_tags_in(session, trace.number, trace.tags));
    CICLO_CHECK(store_.put_metadata_in(session, trace.number, trace.metadata));
    trace.tags.clear();
    trace.metadata.clear();
    std::vector<Trace> one{std::move(trace)};
    CICLO_CHECK(store_.load_details(session, one));
    return std::move(one.front());
  });
}

Result<Trace> TraceService::get(const TraceRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<Trace> {
    CICLO_TRY(auto trace, store_.get(session, ref));
    std::vector<Trace> one{std::move(trace)};
    CICLO_CHECK(store_.load_details(session, one));
    return std::move(one.front());
  });
}

Result<std::vector<Trace>> TraceService::get_all(const std::string& workspace,
                                                 const std::vector<std::string>& trace_ids,
                                                 const std::vector<std::int64_t>& experiment_ids) {
  return database_.read([&](sql::Session& session) -> Result<std::vector<Trace>> {
    CICLO_TRY(auto traces, store_.get_all(session, workspace, trace_ids, experiment_ids));
    CICLO_CHECK(store_.load_details(session, traces));
    return traces;
  });
}

Result<std::vector<WholeTrace>> TraceService::get_all_whole(const std::string& workspace,
                                                            const std::vector<std::string>& trace_ids,
                                                            const std::vector<std::int64_t>& experiment_ids) {
  return database_.read([&](sql::Session& session) -> Result<std::vector<WholeTrace>> {
    CICLO_TRY(auto traces, store_.get_all(session, workspace, trace_ids, experiment_ids));
    CICLO_CHECK(store_.load_details(session, traces));
    CICLO_TRY(auto spans, spans_.load(session, traces));
    std::vector<WholeTrace> whole;
    for (Trace& trace : traces) {
      auto& own = spans[trace.number];
      if (is_in_store(trace) && !is_incomplete(trace, own.size())) whole.push_back({std::move(trace), std::move(own)});
    }
    return whole;
  });
}

Result<WholeTrace> TraceService::get_whole(const TraceRef& ref, bool allow_partial) {
  return database_.read([&](sql::Session& session) -> Result<WholeTrace> {
    CICLO_TRY(auto trace, store_.get(session, ref));
    std::vector<Trace> one{std::move(trace)};
    CICLO_CHECK(store_.load_details(session, one));
    if (!is_in_store(one.front()))
      return fail(ErrorCode::not_found,
                  fmt::format("The spans of trace {} are not in the tracking store", ref.trace_id),
                  "traces/" + ref.trace_id, "its client wrote them to traces.json below mlflow.artifactLocation");
    CICLO_TRY(auto spans, spans_.load(session, one));
    auto& own = spans[one.front().number];
    if (!allow_partial && is_incomplete(one.front(), own.size()))
      return fail(ErrorCode::not_found,
                  fmt::format("Trace with ID {} is not fully exported yet, please try again later", ref.trace_id),
                  "traces/" + ref.trace_id, "allow_partial gives what is there");
    return WholeTrace{std::move(one.front()), std::move(own)};
  });
}

Result<Page<Trace>> TraceService::search(const TraceSearch& request) {
  return database_.read([&](sql::Session& session) -> Result<Page<Trace>> {
    CICLO_TRY(auto page, search_traces(session, request));
    CICLO_CHECK(store_.load_details(session, page.items));
    return page;
  });
}

Result<void> TraceService::set_tag(const TraceRef& ref, const Tag& tag) {
  CICLO_TRY(const auto checked, checked_tag(tag.key, tag.value));
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(auto trace, store_.get(session, ref));
    if (checked.key != key::name) return store_.put_tags_in(session, trace.number, {checked});
    trace.name = checked.value;
    return store_.update_in(session, trace);
  });
}

Result<void> TraceService::delete_tag(const TraceRef& ref, const std::string& tag) {
  if (is_protected_tag(tag))
    return fail(ErrorCode::invalid, fmt::format("Tag '{}' is immutable and cannot be deleted on a trace", tag), "key");
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(auto trace, store_.get(session, ref));
    bool was_there = trace.name.has_value();
    if (tag == key::name) {
      trace.name.reset();
      CICLO_CHECK(store_.update_in(session, trace));
    } else {
      CICLO_TRY(was_there, store_.delete_tag_in(session, trace.number, tag));
    }
    if (was_there) return {};
    return fail(ErrorCode::not_found,
                fmt::format("No trace tag with key '{}' for trace with ID '{}'", tag, ref.trace_id));
  });
}

Result<std::int64_t> TraceService::remove(const TraceDeletion& request) {
  if (!request.max_timestamp_ms && request.trace_ids.empty())
    return fail(ErrorCode::invalid, "Either `max_timestamp_millis` or `trace_ids` must be specified");
  if (request.max_timestamp_ms && !request.trace_ids.empty())
    return fail(ErrorCode::invalid, "Only one of `max_timestamp_millis` and `trace_ids` can be specified");
  if (!request.trace_ids.empty() && request.max_traces)
    return fail(ErrorCode::invalid, "`max_traces` can't be specified if `trace_ids` is specified");
  if (request.max_traces && *request.max_traces <= 0)
    return fail(ErrorCode::invalid,
                fmt::format("`max_traces` must be a positive integer, received {}", *request.max_traces));
  std::int64_t deleted = 0;
  if (request.max_timestamp_ms) {
    for (;;) {
      const std::int64_t limit =
          std::min(deleted_at_once, request.max_traces.value_or(deleted + deleted_at_once) - deleted);
      CICLO_TRY(const auto turn, database_.write([&](sql::Session& session) {
        tracking::Statement which;
        which.add("timestamp_ms <= ").bind(*request.max_timestamp_ms).add(" ORDER BY timestamp_ms, trace_id LIMIT ");
        return delete_where(session, request, which.bind(limit));
      }));
      deleted += turn;
      if (turn < limit || deleted == request.max_traces) return deleted;
    }
  }
  for (std::size_t begin = 0; begin < request.trace_ids.size(); begin += deleted_at_once) {
    const auto first = request.trace_ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto left = static_cast<std::int64_t>(request.trace_ids.size() - begin);
    const std::vector<std::string> ids(first, first + std::min(deleted_at_once, left));
    CICLO_TRY(const auto turn, database_.write([&](sql::Session& session) {
      tracking::Statement which;
      return delete_where(session, request, which.add("trace_id IN ").bind_list(ids));
    }));
    deleted += turn;
  }
  return deleted;
}

Result<void> TraceService::link_run(const std::string& workspace, const std::vector<std::string>& trace_ids,
                                    const std::string& run_id) {
  if (trace_ids.size() > max_links)
    return fail(ErrorCode::invalid,
                fmt::format("Cannot link more than {} traces to a run in a single request. Provided {} traces",
                            max_links, trace_ids.size()));
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(std::ignore, tracking::RunStore().get(session, {workspace, run_id}));
    CICLO_TRY(const auto traces, store_.get_all(session, workspace, trace_ids, {}));
    for (const Trace& trace : traces) CICLO_CHECK(store_.link_run_in(session, trace.number, run_id));
    return {};
  });
}

Result<void> TraceService::link_prompts(const TraceRef& ref, const std::vector<std::string>& prompts) {
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto trace, store_.get(session, ref));
    for (const std::string& prompt : prompts) CICLO_CHECK(store_.link_prompt_in(session, trace.number, prompt));
    return {};
  });
}

Result<std::vector<MetricPoint>> TraceService::metrics(const MetricQuery& query) {
  return database_.read([&](sql::Session& session) { return query_metrics(session, query); });
}

Result<Correlation> TraceService::correlation(const CorrelationQuery& query) {
  return database_.read([&](sql::Session& session) { return correlate(session, query); });
}

}  // namespace ciclo::traces
