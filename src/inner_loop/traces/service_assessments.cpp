// What people, judges and code say about traces.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "inner_loop/traces/service.hpp"
#include "inner_loop/traces/service_limits.hpp"

namespace ciclo::traces {
namespace {

Failure no_assessment(const std::string& id, const std::string& trace_id) {
  return fail(ErrorCode::not_found, fmt::format("Assessment with ID '{}' not found for trace '{}'", id, trace_id));
}

Result<void> change(Assessment& assessment, const AssessmentUpdate& request) {
  if (request.value) {
    if (request.value->type != assessment.type)
      return fail(ErrorCode::invalid,
                  fmt::format("Cannot update {} value on an assessment of type {}", name_of(request.value->type),
                              name_of(assessment.type)),
                  "update_mask");
    assessment.value = request.value->value;
    assessment.error = request.value->error;
  }
  if (request.name) assessment.name = *request.name;
  if (request.rationale) assessment.rationale = *request.rationale;
  for (const Tag& pair : request.metadata) {
    const auto found = std::ranges::find(assessment.metadata, pair.key, &Tag::key);
    if (found != assessment.metadata.end()) found->value = pair.value;
    else assessment.metadata.push_back(pair);
  }
  return {};
}

}  // namespace

Result<Assessment> TraceService::create_assessment(const TraceRef& ref, Assessment assessment) {
  const std::int64_t now = to_unix_ms(clock_.now());
  assessment.trace_id = ref.trace_id;
  assessment.assessment_id = "a-" + new_uid();
  assessment.is_valid = true;
  if (assessment.create_time == 0) assessment.create_time = now;
  if (assessment.last_update_time == 0) assessment.last_update_time = now;
  return database_.write([&](sql::Session& session) -> Result<Assessment> {
    CICLO_TRY(const auto trace, store_.get(session, ref));
    if (!assessment.overrides.empty()) {
      CICLO_TRY(const auto overridden, assessments_.find(session, trace, assessment.overrides));
      if (!overridden) return no_assessment(assessment.overrides, ref.trace_id);
      CICLO_CHECK(assessments_.set_valid_in(session, trace.number, assessment.overrides, false));
    }
    CICLO_CHECK(assessments_.put_in(session, trace.number, assessment));
    return assessment;
  });
}

Result<Assessment> TraceService::get_assessment(const TraceRef& ref, const std::string& id) {
  return database_.read([&](sql::Session& session) -> Result<Assessment> {
    CICLO_TRY(const auto trace, store_.get(session, ref));
    CICLO_TRY(auto found, assessments_.find(session, trace, id));
    if (!found) return no_assessment(id, ref.trace_id);
    return std::move(*found);
  });
}

Result<Assessment> TraceService::update_assessment(const AssessmentUpdate& request) {
  const std::int64_t now = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) -> Result<Assessment> {
    CICLO_TRY(const auto trace, store_.get(session, request.ref));
    CICLO_TRY(auto found, assessments_.find(session, trace, request.assessment_id));
    if (!found) return no_assessment(request.assessment_id, request.ref.trace_id);
    CICLO_CHECK(change(*found, request));
    found->last_update_time = now;
    CICLO_CHECK(assessments_.put_in(session, trace.number, *found));
    return std::move(*found);
  });
}

Result<void> TraceService::delete_assessment(const TraceRef& ref, const std::string& id) {
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto trace, store_.get(session, ref));
    CICLO_TRY(const auto found, assessments_.find(session, trace, id));
    if (!found) return {};
    // What it overrode counts again.
    if (!found->overrides.empty())
      CICLO_CHECK(assessments_.set_valid_in(session, trace.number, found->overrides, true));
    return assessments_.delete_in(session, trace.number, id);
  });
}

}  // namespace ciclo::traces
