#include "portability/rest_trace_sink.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"
#include "platform/http/message.hpp"
#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

constexpr std::string_view source_run = "mlflow.sourceRun";
constexpr std::string_view assessed_by_run = "mlflow.assessment.sourceRunId";
constexpr std::size_t spans_per_call = 1000;
constexpr std::size_t bytes_per_call = std::size_t{8} << 20U;

bool overrides_another(const Json& assessment) {
  return !text_or(assessment, "overrides").empty();
}

std::string place_of(const Json& info) {
  return text_or(member(info, "tags"), trace_key::artifact_location);
}

}  // namespace

std::optional<std::string> RestTraceSink::artifact_uri(const std::string& trace_id) const {
  const auto found = places_.find(trace_id);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

Result<Json> RestTraceSink::find(const std::string& trace_id) {
  const auto found = client_.get(fmt::format("{}traces/{}", api3, http::percent_encode(trace_id)));
  if (!found) {
    if (found.error().code == ErrorCode::not_found) return Json();
    return Failure(found.error());
  }
  const Json& info = at_pointer(*found, "/trace/trace_info");
  places_[trace_id] = place_of(info);
  return info;
}

Result<void> RestTraceSink::send_spans(const Json& item) {
  const Json& info = member(item, "trace_info");
  const std::string id = text_or(info, "trace_id");
  Json spans = Json::array();
  std::size_t bytes = 0;
  const auto flush = [&]() -> Result<void> {
    if (spans.empty()) return {};
    const Json body{{"resourceSpans", Json::array({Json{{"scopeSpans", Json::array({Json{{"spans", spans}}})}}})}};
    CICLO_CHECK(client_.post("/v1/traces", to_text(body), {{"x-mlflow-experiment-id", experiment_of(info)}}));
    spans = Json::array();
    bytes = 0;
    return {};
  };
  for (const Json& span : member(item, "spans")) {
    Json form = otlp_span_of(span, id);
    if (form.is_null())
      return fail(ErrorCode::unsupported, "its id is none that MLflow takes spans for", "traces/" + id);
    bytes += to_text(form).size();
    spans.push_back(std::move(form));
    if (spans.size() == spans_per_call || bytes > bytes_per_call) CICLO_CHECK(flush());
  }
  return flush();
}

// Runs have other ids there.
Json RestTraceSink::renamed_runs(const Json& info) const {
  Json renamed = info;
  const auto rename = [&](Json& pairs, std::string_view key) {
    if (const std::string id = run_id_(text_or(pairs, key)); !id.empty()) pairs[std::string(key)] = id;
  };
  if (renamed.contains("trace_metadata")) rename(renamed["trace_metadata"], source_run);
  for (Json& assessment : renamed["assessments"])
    if (assessment.contains("metadata")) rename(assessment["metadata"], assessed_by_run);
  if (renamed["assessments"].is_null()) renamed.erase("assessments");
  return renamed;
}

Result<Json> RestTraceSink::send_info(Json info) {
  const bool has_spans = has_stored_spans(info);
  if (member(info, "assessments").is_array())
    std::erase_if(info["assessments"].get_ref<Json::array_t&>(), overrides_another);
  if (member(info, "tags").is_object())
    for (const std::string_view key : {trace_key::artifact_location, trace_key::spans_location})
      info["tags"].erase(std::string(key));
  if (has_spans) info["tags"][std::string(trace_key::spans_location)] = "TRACKING_STORE";
  CICLO_TRY(const Json made, client_.post(std::string(api3) + "traces", Json{{"trace", {{"trace_info", info}}}}));
  Json there = at_pointer(made, "/trace/trace_info");
  places_[text_or(info, "trace_id")] = place_of(there);
  return there;
}

Result<void> RestTraceSink::send_assessments(const Json& info, const Json& there) {
  std::set<std::string> known;
  for (const Json& assessment : member(there, "assessments")) known.insert(text_or(assessment, "assessment_id"));
  for (const Json& assessment : member(info, "assessments"))
    if (!known.contains(text_or(assessment, "assessment_id")))
      CICLO_CHECK(client_.post(fmt::format("{}traces/{}/assessments", api3, text_or(info, "trace_id")),
                               Json{{"assessment", assessment}}));
  return {};
}

Result<void> RestTraceSink::send_links(const Json& item) {
  const std::string id = text_or(member(item, "trace_info"), "trace_id");
  for (const std::string& run : texts_of(member(item, "run_ids"))) {
    const std::string there = run_id_(run);
    if (there.empty()) continue;
    CICLO_CHECK(client_.post(std::string(api2) + "traces/link-to-run",
                             Json{{"trace_ids", Json::array({id})}, {"run_id", there}}));
  }
  for (const std::string& text : texts_of(member(item, "prompts"))) {
    const auto slash = text.rfind('/');
    if (slash == std::string::npos) continue;
    const Json version{{"name", text.substr(0, slash)}, {"version", text.substr(slash + 1)}};
    CICLO_CHECK(client_.post(std::string(api2) + "traces/link-prompts",
                             Json{{"trace_id", id}, {"prompt_versions", Json::array({version})}}));
  }
  return {};
}

Result<Outcome> RestTraceSink::put(const Json& item) {
  const std::string id = text_or(member(item, "trace_info"), "trace_id");
  CICLO_TRY(Json there, find(id));
  const Json info = renamed_runs(member(item, "trace_info"));
  // Whole, that is: its final state comes after its spans.
  const bool is_there = text_or(member(there, "trace_metadata"), trace_key::finalized) == "true";
  const auto send_all = [&]() -> Result<void> {
    if (!is_there) {
      CICLO_CHECK(send_spans(item));
      CICLO_TRY(there, send_info(info));
    }
    CICLO_CHECK(send_assessments(info, there));
    return send_links(item);  // those that are there already stay as they are
  };
  if (const auto sent = send_all(); !sent) {
    if (!is_of_item(sent.error())) return Failure(sent.error());
    return Outcome{.kind = Outcome::Kind::refused, .id = id, .differences = {sent.error().message}};
  }
  return Outcome{.kind = is_there ? Outcome::Kind::present : Outcome::Kind::added, .id = id, .differences = {}};
}

}  // namespace ciclo::portability
