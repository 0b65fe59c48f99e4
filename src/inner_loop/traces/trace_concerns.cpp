#include "inner_loop/traces/trace_concerns.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/traces/forms.hpp"
#include "inner_loop/traces/handler_support.hpp"
#include "inner_loop/traces/trace_store.hpp"

namespace ciclo::traces::concerns {
namespace {

using resources::Concerned;
using All = std::vector<Concerned>;
using Question = tracking::MlflowConcerns::Question;

Result<All> find_ids(const Question& question, const std::vector<std::string>& ids) {
  CICLO_TRY(const auto found, TraceStore().get_all(question.session, question.workspace, ids, {}));
  std::map<std::string_view, std::int64_t> experiments;
  for (const Trace& trace : found) experiments[trace.trace_id] = trace.experiment_id;
  All all;
  for (const std::string& id : ids) {
    const auto at = experiments.find(id);
    all.push_back({.subject = at == experiments.end() ? std::string() : tracking::experiment_subject(at->second),
                   .action = {},
                   .missing = tracking::not_there(fmt::format("Trace with ID '{}' not found", id))});
  }
  return all;
}

Result<All> find_by_path(const Question& question) {
  return find_ids(question, {clean_text(question.request.parameter(question.concern.field))});
}

Result<All> find_by_argument(const Question& question) {
  CICLO_TRY(const auto id, question.arguments.required_text(question.concern.field));
  return find_ids(question, {id});
}

Result<All> find_by_query(const Question& question) {
  const auto id = question.request.query.find(question.concern.field);
  if (!id)
    return fail(ErrorCode::invalid,
                fmt::format("Request must include the \"{}\" query parameter", question.concern.field),
                question.concern.field);
  return find_ids(question, {std::string(*id)});
}

Result<All> find_list(const Question& question) {
  CICLO_TRY(const auto ids, question.arguments.texts(question.concern.field));
  return find_ids(question, ids);
}

Result<All> find_started(const Question& question) {
  CICLO_TRY(const auto trace, trace_from_json(member(question.arguments.field("trace"), "trace_info")));
  return All{tracking::experiment_named(trace.experiment_id)};
}

Result<All> find_exported(const Question& question) {
  CICLO_TRY(const auto target, span_target_of(question.request));
  All all{tracking::experiment_named(target.experiment_id)};
  if (target.run_id.empty()) return all;
  CICLO_TRY(const auto row,
            question.session.query_one("SELECT experiment_id FROM runs WHERE workspace = ? AND run_id = ?",
                                       {question.workspace, target.run_id}));
  Concerned run{.subject = {},
                .action = {},
                .missing = tracking::not_there(fmt::format("Run with id={} not found", target.run_id))};
  if (row) run.subject = tracking::experiment_subject(row->integer(0));
  all.push_back(std::move(run));
  return all;
}

http::Concern concern(std::string what, std::string field) {
  return {.what = std::move(what), .field = std::move(field), .action = {}};
}

}  // namespace

http::Concern trace() {
  return concern("trace", "trace_id");
}
http::Concern trace_by(std::string field) {
  return concern("trace by argument", std::move(field));
}
http::Concern trace_by_query(std::string field) {
  return concern("trace by query", std::move(field));
}
http::Concern traces(std::string field) {
  return concern("traces", std::move(field));
}
http::Concern started_trace() {
  return concern("started trace", {});
}
http::Concern exported_spans() {
  return concern("exported spans", {});
}

void add_trace_concerns(tracking::MlflowConcerns& finder) {
  finder.add("trace", find_by_path);
  finder.add("trace by argument", find_by_argument);
  finder.add("trace by query", find_by_query);
  finder.add("traces", find_list);
  finder.add("started trace", find_started);
  finder.add("exported spans", find_exported);
}

}  // namespace ciclo::traces::concerns
