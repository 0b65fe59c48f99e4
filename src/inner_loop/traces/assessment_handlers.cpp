#include "base/text.hpp"
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/handlers.hpp"

namespace ciclo::traces {
namespace {

std::string id_of(const Call& call) {
  return clean_text(call.request.parameter("assessment_id"));
}

Result<Json> create(TraceService& traces, const Call& call) {
  CICLO_TRY(auto assessment, assessment_from_json(call.arguments.field("assessment")));
  CICLO_TRY(const auto created, traces.create_assessment(ref_of(call), std::move(assessment)));
  return Json{{"assessment", to_json(created)}};
}

Result<Json> get(TraceService& traces, const Call& call) {
  CICLO_TRY(const auto assessment, traces.get_assessment(ref_of(call), id_of(call)));
  return Json{{"assessment", to_json(assessment)}};
}

// The field mask: protobuf's JSON has it as "a,b"; {"paths": ["a", "b"]} is taken too.
Result<std::vector<std::string>> mask_of(const Call& call) {
  const Json& mask = call.arguments.field("update_mask");
  if (mask.is_object()) return tracking::Arguments(mask).texts("paths");
  CICLO_TRY(const auto text, call.arguments.required_text("update_mask"));
  return split(text, ',');
}

Result<Json> update(TraceService& traces, const Call& call) {
  const Json& assessment = call.arguments.field("assessment");
  if (!assessment.is_object())
    return fail(ErrorCode::invalid, "Missing value for required parameter 'assessment'", "assessment");
  const tracking::Arguments fields(assessment);
  AssessmentUpdate request{
      .ref = ref_of(call), .assessment_id = id_of(call), .name = {}, .value = {}, .rationale = {}, .metadata = {}};
  CICLO_TRY(const auto mask, mask_of(call));
  for (const std::string& path : mask) {
    if (path == "assessment_name" || path == "assessmentName") {
      CICLO_TRY(request.name, fields.text("assessment_name"));
    } else if (path == "feedback" || path == "expectation") {
      if (request.value) return fail(ErrorCode::invalid, "Cannot specify both `expectation` and `feedback` parameters");
      CICLO_TRY(request.value, assessment_value_from(Json{{path, member(assessment, path)}}));
    } else if (path == "rationale") {
      CICLO_TRY(request.rationale, fields.text("rationale"));
    } else if (path == "metadata") {
      CICLO_TRY(request.metadata, pairs_from_json(member(assessment, "metadata"), "metadata"));
    } else {
      return fail(ErrorCode::invalid, "Invalid value for parameter 'update_mask': '" + path + "'", "update_mask",
                  "assessment_name, feedback, expectation, rationale and metadata can be changed");
    }
  }
  CICLO_TRY(const auto updated, traces.update_assessment(request));
  return Json{{"assessment", to_json(updated)}};
}

Result<Json> remove(TraceService& traces, const Call& call) {
  CICLO_CHECK(traces.delete_assessment(ref_of(call), id_of(call)));
  return Json::object();
}

}  // namespace

Result<void> add_assessment_routes(http::Router& router, TraceService& traces) {
  TraceRoutes routes(router, traces, "3.0");
  const http::Concern trace = concerns::trace();
  constexpr std::string_view one = "traces/{trace_id}/assessments/{assessment_id}";
  CICLO_CHECK(routes.add(http::Method::post, "traces/{trace_id}/assessments", "workspace/write", create, {trace}));
  CICLO_CHECK(routes.add(http::Method::get, one, "workspace/read", get, {trace}));
  CICLO_CHECK(routes.add(http::Method::patch, one, "workspace/write", update, {trace}));
  return routes.add(http::Method::del, one, "workspace/write", remove, {trace});
}

}  // namespace ciclo::traces
