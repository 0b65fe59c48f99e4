#include "inner_loop/traces/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/service_limits.hpp"
#include "inner_loop/tracking/import_merge.hpp"
#include "inner_loop/tracking/import_routes.hpp"

namespace ciclo::traces {
namespace {

using tracking::Imported;
using tracking::ImportOutcome;

bool is_open(const Trace& trace) {
  return !trace.is_finalized && (trace.state == TraceState::in_progress || trace.state == TraceState::unspecified);
}

bool has_other_times(const Trace& here, const Trace& there) {
  const bool ends_otherwise =
      here.execution_time_ms && there.execution_time_ms && here.execution_time_ms != there.execution_time_ms;
  return here.state != there.state || here.timestamp_ms != there.timestamp_ms || ends_otherwise;
}

// What `there` says and `here` does not; whether that is anything.
bool fill(Trace& here, const Trace& there) {
  bool is_news = false;
  const auto take = [&](auto& target, const auto& value) {
    if (target || !value) return;
    target = value;
    is_news = true;
  };
  take(here.name, there.name);
  take(here.client_request_id, there.client_request_id);
  take(here.request_preview, there.request_preview);
  take(here.response_preview, there.response_preview);
  take(here.session_id, there.session_id);
  take(here.execution_time_ms, there.execution_time_ms);
  if (!here.usage.has_tokens() && there.usage.has_tokens()) {
    here.usage.tokens = there.usage.tokens;
    is_news = true;
  }
  if (!here.usage.has_costs() && there.usage.has_costs()) {
    here.usage.costs = there.usage.costs;
    is_news = true;
  }
  return is_news;
}

struct AssessmentMerge {
  std::vector<Assessment> added;
  std::set<std::string> overridden;  // by those
  bool differs = false;
};

AssessmentMerge merge_assessments(const Trace& here, const Trace& there) {
  std::map<std::string_view, const Assessment*> known;
  for (const Assessment& assessment : here.assessments) known[assessment.assessment_id] = &assessment;
  AssessmentMerge merge;
  for (const Assessment& assessment : there.assessments) {
    if (known.contains(assessment.assessment_id)) continue;
    merge.added.push_back(assessment);
    if (!assessment.overrides.empty()) merge.overridden.insert(assessment.overrides);
  }
  for (const Assessment& assessment : there.assessments) {
    const auto found = known.find(assessment.assessment_id);
    if (found == known.end()) continue;
    Assessment same = *found->second;
    same.trace_id = assessment.trace_id;
    if (merge.overridden.contains(same.assessment_id)) same.is_valid = false;
    if (!equal_values(to_json(same), to_json(assessment))) merge.differs = true;
  }
  return merge;
}

}  // namespace

Result<void> TraceImport::link_in(sql::Session& session, std::int64_t number, const ImportedTrace& item) const {
  for (const std::string& run_id : item.run_ids) CICLO_CHECK(store_.link_run_in(session, number, run_id));
  for (const std::string& prompt : item.prompts) CICLO_CHECK(store_.link_prompt_in(session, number, prompt));
  return {};
}

Result<void> TraceImport::add_in(sql::Session& session, const ImportedTrace& item,
                                 const tracking::Experiment& experiment) const {
  Trace made = item.trace;
  CICLO_CHECK(store_.insert_in(session, made));
  made.tags.push_back(artifact_location_tag(experiment, made.trace_id));
  if (item.has_stored_spans) made.tags.push_back(stored_spans_tag());
  CICLO_CHECK(store_.put_tags_in(session, made.number, made.tags));
  CICLO_CHECK(store_.put_metadata_in(session, made.number, made.metadata));
  for (const Assessment& assessment : made.assessments)
    CICLO_CHECK(assessments_.put_in(session, made.number, assessment));
  CICLO_CHECK(spans_.put_in(session, made.number, item.spans));
  return link_in(session, made.number, item);
}

Result<bool> TraceImport::merge_state_in(sql::Session& session, Trace here, const Trace& there,
                                         std::vector<std::string>& differences) const {
  if (is_open(here) && !is_open(there)) {
    Trace ended = there;
    keep_from(here, ended);
    CICLO_CHECK(store_.update_in(session, ended));
    return true;
  }
  if (has_other_times(here, there)) differences.emplace_back("its state or its times are others here");
  if (here.name && there.name && here.name != there.name)
    differences.push_back(fmt::format("it is named '{}' here", cut_to(*here.name, 100)));
  if (!fill(here, there)) return false;
  CICLO_CHECK(store_.update_in(session, here));
  return true;
}

Result<bool> TraceImport::merge_details_in(sql::Session& session, const Trace& here, const ImportedTrace& item,
                                           std::vector<std::string>& differences) const {
  auto tags = tracking::merge_tags(here.tags, item.trace.tags, "tag");
  const auto metadata = tracking::merge_tags(here.metadata, item.trace.metadata, "metadata");
  std::ranges::copy(tags.differences, std::back_inserter(differences));
  std::ranges::copy(metadata.differences, std::back_inserter(differences));
  if (item.has_stored_spans && !tracking::find_tag(here.tags, key::spans_location))
    tags.added.push_back(stored_spans_tag());
  CICLO_CHECK(store_.put_tags_in(session, here.number, tags.added));
  CICLO_CHECK(store_.put_metadata_in(session, here.number, metadata.added));
  CICLO_TRY(const auto spans, spans_.unknown_of(session, here.number, item.spans));
  CICLO_CHECK(spans_.put_in(session, here.number, spans));
  const auto assessments = merge_assessments(here, item.trace);
  for (const Assessment& assessment : assessments.added)
    CICLO_CHECK(assessments_.put_in(session, here.number, assessment));
  for (const std::string& id : assessments.overridden)
    CICLO_CHECK(assessments_.set_valid_in(session, here.number, id, false));
  if (assessments.differs) differences.emplace_back("an assessment has another content here");
  return !tags.added.empty() || !metadata.added.empty() || !spans.empty() || !assessments.added.empty();
}

Result<ImportOutcome> TraceImport::merge_in(sql::Session& session, const Trace& found,
                                            const ImportedTrace& item) const {
  const Trace& there = item.trace;
  if (found.experiment_id != there.experiment_id)
    return tracking::refused_import(there.trace_id, fmt::format("it is in experiment {} here", found.experiment_id));
  ImportOutcome outcome{.id = there.trace_id, .outcome = Imported::present, .differences = {}};
  std::vector<Trace> loaded{found};
  CICLO_CHECK(store_.load_details(session, loaded));
  const Trace& here = loaded.front();
  CICLO_TRY(const bool has_new_state, merge_state_in(session, here, there, outcome.differences));
  CICLO_TRY(const bool has_new_details, merge_details_in(session, here, item, outcome.differences));
  CICLO_CHECK(link_in(session, here.number, item));
  if (has_new_state || has_new_details) outcome.outcome = Imported::changed;
  return outcome;
}

Result<ImportOutcome> TraceImport::take_in(sql::Session& session, const ImportedTrace& item) const {
  const Trace& trace = item.trace;
  CICLO_TRY(const auto here, store_.find(session, {trace.workspace, trace.trace_id}));
  if (here) return merge_in(session, *here, item);
  CICLO_TRY(const auto experiment, tracking::ExperimentStore().find(session, trace.workspace, trace.experiment_id));
  if (!experiment)
    return tracking::refused_import(trace.trace_id,
                                    fmt::format("there is no experiment {} for it", trace.experiment_id));
  CICLO_CHECK(add_in(session, item, *experiment));
  return ImportOutcome{.id = trace.trace_id, .outcome = Imported::added, .differences = {}};
}

Result<std::vector<ImportOutcome>> TraceImport::take(const std::string& workspace, const Json& items) {
  CICLO_CHECK(experiments_.ensure_default(workspace));
  std::vector<Result<ImportedTrace>> read;
  for (const Json& item : items) {
    read.push_back(imported_trace(item));
    if (read.back()) read.back()->trace.workspace = workspace;
  }
  return database_.write([&](sql::Session& session) -> Result<std::vector<ImportOutcome>> {
    std::vector<ImportOutcome> outcomes;
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (!read[i]) {
        const std::string id = text_or(member(items[i], "trace_info"), "trace_id");
        outcomes.push_back(tracking::refused_import(cut_value(id), read[i].error().message));
        continue;
      }
      CICLO_TRY(auto outcome, take_in(session, *read[i]));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  });
}

}  // namespace ciclo::traces
