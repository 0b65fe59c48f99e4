#include "portability/trace_transfer.hpp"

#include <algorithm>

#include "portability/trace_forms.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t traces_per_call = 100;
constexpr std::size_t bytes_per_call = std::size_t{4} << 20U;
// How an attribute of a span names a file beside it.
constexpr std::string_view attachment = "mlflow-attachment://";

bool names_file(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().find(attachment) != std::string::npos;
  return value.is_structured() && std::ranges::any_of(value, names_file);
}

bool may_have_files(const Json& trace) {
  return !has_stored_spans(member(trace, "trace_info")) || names_file(member(trace, "spans"));
}

}  // namespace

Result<void> TraceTransfer::move(const std::string& experiment_id, const std::string& target_id) {
  from_ = experiment_id;
  to_ = target_id;
  CICLO_CHECK(source_.traces(experiment_id, [&](std::vector<Json> traces) -> Result<void> {
    for (Json& trace : traces) CICLO_CHECK(take(std::move(trace)));
    return {};
  }));
  return send();
}

void TraceTransfer::count_parts(const Json& trace) {
  report_.line("traces");  // its row comes before those of its parts
  for (const auto& [what, count] : {std::pair("spans", member(trace, "spans").size()),
                                    {"assessments", at_pointer(trace, "/trace_info/assessments").size()}})
    if (count > 0) report_.line(what).found += count;
}

Result<void> TraceTransfer::look(const std::string& experiment_id) {
  return source_.traces(experiment_id, [&](const std::vector<Json>& traces) -> Result<void> {
    report_.line("traces").found += traces.size();
    for (const Json& trace : traces) count_parts(trace);
    return {};
  });
}

Result<void> TraceTransfer::take(Json trace) {
  const std::string who = "trace " + text_or(trace["trace_info"], "trace_id");
  if (const std::string note = text_or(trace, "note"); !note.empty()) report_.differ(who, note);
  trace.erase("note");
  count_parts(trace);
  waiting_bytes_ += size_of(trace);
  waiting_.push_back(std::move(trace));
  return waiting_bytes_ < bytes_per_call && waiting_.size() < traces_per_call ? Result<void>() : send();
}

Result<void> TraceTransfer::send() {
  if (waiting_.empty()) return {};
  std::vector<Json> sent = waiting_;
  for (Json& trace : sent) trace["trace_info"]["trace_location"] = location_of_experiment(to_);
  CICLO_TRY(const auto outcomes, sink_.traces(sent));
  report_.count("traces", "trace", outcomes);
  for (std::size_t i = 0; i < waiting_.size(); ++i)
    if (outcomes[i].kind != Outcome::Kind::refused) CICLO_CHECK(move_files(waiting_[i]));
  waiting_.clear();
  waiting_bytes_ = 0;
  report_.tell(settings_);
  return {};
}

Result<void> TraceTransfer::move_files(const Json& trace) {
  if (!settings_.with_artifacts || !may_have_files(trace)) return {};
  const Json& info = member(trace, "trace_info");
  const std::string id = text_or(info, "trace_id");
  const ArtifactPlace place{.uri = text_or(member(info, "tags"), trace_key::artifact_location),
                            .experiment_id = from_,
                            .folder = "traces/" + id + "/artifacts",
                            .run_id = {}};
  if (place.uri.empty() || is_remote(place.uri)) return {};
  return files_.move(place, to_ + "/" + place.folder, "trace " + id);
}

}  // namespace ciclo::portability
