#include "inner_loop/jobs/pipeline.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/ids.hpp"
#include "inner_loop/jobs/admission.hpp"
#include "inner_loop/jobs/plan.hpp"
#include "inner_loop/jobs/submitter.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::size_t most_steps = 1000;

bool is_truth(const Json& value) {
  return value.is_boolean() ? value.get<bool>() : value.is_string() && (value == "true" || value == "True");
}

// The pipeline as decide() sees it. `jobs` gets each node's job.
PipelineState state_of(const resources::Resource& pipeline, const std::vector<resources::Resource>& children,
                       std::map<std::string, resources::Resource>& jobs) {
  std::map<std::string, const resources::Resource*> by_name;
  for (const resources::Resource& child : children) by_name[child.key.name] = &child;
  PipelineState state;
  state.status = status_of(pipeline.status);
  state.continue_on_step_failure = is_truth(at_pointer(pipeline.spec, "/settings/continue_on_step_failure"));
  for (const auto& [node, entry] : member(pipeline.status, "jobs").items()) {
    const auto child = by_name.find(text_or(entry, "name"));
    if (child == by_name.end()) continue;
    StepState step{node, status_of(child->second->status), {}};
    for (const Json& name : member(entry, "depends_on")) step.depends_on.insert(name.get<std::string>());
    state.steps.push_back(std::move(step));
    jobs[node] = *child->second;
  }
  return state;
}

Error step_error(const std::string& node, const resources::Resource& job) {
  if (status_of(job.status) == JobStatus::canceled)
    return {ErrorCode::conflict,
            fmt::format("step '{}' was cancelled", node),
            "/jobs/" + escape_pointer_token(node),
            {},
            {}};
  const Json& error = member(job.status, "error");
  return {ErrorCode::invalid,
          fmt::format("step '{}' failed: {}", node, text_or(error, "message", "see its log")),
          "/jobs/" + escape_pointer_token(node),
          text_or(error, "hint"),
          {}};
}

}  // namespace

Result<void> PipelineRunner::advance(const resources::Resource& pipeline) const {
  const JobStatus status = status_of(pipeline.status);
  if (has_ended(status)) return {};
  if (has_not_begun(status)) return start(pipeline);
  // Most changes of steps ask for nothing; a look is cheaper than a transaction that writes.
  const auto& parts = service_.parts();
  std::map<std::string, resources::Resource> jobs;
  CICLO_TRY(const PipelineDecision decision,
            parts.database.read([&](sql::Session& session) { return decision_in(session, pipeline, jobs); }));
  if (decision.queue.empty() && decision.cancel.empty() && !decision.end) return {};
  return parts.database.write([&](sql::Session& session) { return go_on_in(session, pipeline.key); });
}

Result<void> PipelineRunner::start(const resources::Resource& pipeline) const {
  const auto started =
      service_.parts().database.write([&](sql::Session& session) { return start_in(session, pipeline); });
  if (started) return {};
  const Error& error = started.error();
  if (error.code == ErrorCode::unavailable || error.code == ErrorCode::quota || error.code == ErrorCode::internal)
    return std::unexpected(error);
  return service_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(ledger_.fail_in(session, pipeline.key, error));
    return {};
  });
}

Result<void> PipelineRunner::start_in(sql::Session& session, const resources::Resource& pipeline) const {
  const auto& parts = service_.parts();
  CICLO_TRY(const resources::Resource now, parts.store.get(session, pipeline.key));
  if (!has_not_begun(status_of(now.status))) return {};
  const resources::Caller caller = submitter_of(now);
  const resources::CheckContext context{session, parts.store, parts.access, caller, parts.clock.now()};
  CICLO_TRY(const JobGraph graph, build_graph(now.spec, component_resolver(context, now.key.workspace)));
  CICLO_TRY(const PipelinePlan plan,
            plan_pipeline({graph, now.spec, now.key.name, [](const std::string&) { return new_uid(); }}));
  Json jobs = Json::object();
  for (const StepPlan& step : plan.steps) {
    resources::CreateRequest request;
    request.workspace = now.key.workspace;
    request.kind = "job";
    request.document = step.document;
    request.owner = now.key.name;
    // A pipeline inside starts when its turn comes, too; not before.
    const bool is_ready = step.depends_on.empty();
    request.status = {{"status", name_of(is_ready ? JobStatus::queued : JobStatus::not_started)}, {"node", step.node}};
    CICLO_CHECK(service_.create_in(session, caller, std::move(request)));
    jobs[step.node] = {{"name", step.job_name}, {"depends_on", step.depends_on}};
  }
  CICLO_CHECK(
      ledger_.move_in(session, now.key, {JobStatus::running, Json{{"jobs", jobs}, {"outputs", plan.outputs}}, {}}));
  return {};
}

Result<PipelineDecision> PipelineRunner::decision_in(sql::Session& session, const resources::Resource& pipeline,
                                                     std::map<std::string, resources::Resource>& jobs) const {
  resources::ListRequest request;
  request.workspace = pipeline.key.workspace;
  request.kind = "job";
  request.owner = pipeline.key.name;
  request.include_archived = true;
  request.limit = most_steps;
  CICLO_TRY(const auto children, service_.parts().store.list(session, request));
  return decide(state_of(pipeline, children.items, jobs));
}

Result<void> PipelineRunner::go_on_in(sql::Session& session, const resources::ResourceKey& key) const {
  const auto& parts = service_.parts();
  CICLO_TRY(const resources::Resource pipeline, parts.store.get(session, key));
  std::map<std::string, resources::Resource> jobs;
  CICLO_TRY(const PipelineDecision decision, decision_in(session, pipeline, jobs));
  for (const std::string& node : decision.cancel) CICLO_CHECK(ledger_.request_cancel_in(session, jobs.at(node).key));
  for (const std::string& node : decision.queue)
    CICLO_CHECK(ledger_.move_in(session, jobs.at(node).key, {JobStatus::queued, Json::object(), {}}));
  if (!decision.end) return {};
  Json patch = Json::object();
  if (*decision.end == JobStatus::failed)
    patch["error"] = job_error(step_error(decision.failed_node, jobs.at(decision.failed_node)));
  CICLO_CHECK(ledger_.move_in(session, key, {*decision.end, patch, {}}));
  return {};
}

}  // namespace ciclo::inner_loop
