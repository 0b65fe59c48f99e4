#include "inner_loop/jobs/kinds.hpp"

#include <fmt/format.h>

#include <utility>

#include "inner_loop/jobs/admission.hpp"
#include "inner_loop/jobs/graph.hpp"
#include "inner_loop/jobs/ledger.hpp"
#include "schemas.hpp"

namespace ciclo::inner_loop {
namespace {

using resources::CheckContext;
using resources::Draft;
using resources::LocalField;
using resources::LocalFieldRule;

// The fields of a step that name something on the user's disk, below `base`.
void add_step_rules(std::vector<LocalFieldRule>& rules, const std::string& base) {
  rules.push_back({base + "/code", LocalField::upload, {}});
  rules.push_back({base + "/environment", LocalField::inline_resource, "environment"});
  rules.push_back({base + "/environment/conda_file", LocalField::inline_yaml, {}});
  rules.push_back({base + "/environment/build/path", LocalField::upload, {}});
}

// A component, in place or in a file of its own, and a node's inputs.
void add_node_rules(std::vector<LocalFieldRule>& rules, const std::string& base) {
  rules.push_back({base + "/component", LocalField::inline_resource, "component"});
  add_step_rules(rules, base + "/component");
  add_step_rules(rules, base);
  rules.push_back({base + "/inputs/*/path", LocalField::upload, {}});
}

Result<void> normalise_compute(Draft& draft) {
  if (text_or(draft.resource.spec, "type").empty()) draft.resource.spec["type"] = "local";
  draft.resource.status["provisioning_state"] = "Succeeded";
  return {};
}

Result<void> normalise_environment(Draft& draft) {
  if (text_or(draft.resource.spec, "os_type").empty()) draft.resource.spec["os_type"] = "linux";
  return {};
}

Result<void> normalise_component(Draft& draft) {
  CICLO_CHECK(check_job_type(draft.resource.spec, ""));
  if (text_or(draft.resource.spec, "type").empty()) draft.resource.spec["type"] = "command";
  return {};
}

Result<void> normalise_job(Draft& draft) {
  Json& spec = draft.resource.spec;
  CICLO_CHECK(check_job_type(spec, ""));
  if (text_or(spec, "type").empty()) spec["type"] = "command";
  if (text_or(spec, "experiment_name").empty()) spec["experiment_name"] = "Default";
  if (text_or(spec, "display_name").empty()) spec["display_name"] = draft.resource.key.name;
  return {};
}

Json job_view(const resources::Kind& kind, const resources::Resource& job, const std::string& server) {
  Json out = resources::default_view(kind, job);
  if (!job.owner.empty()) out["parent_job_name"] = job.owner;
  // Where the job's outputs are, once that is decided, over where they were asked to be.
  for (const auto& [name, output] : member(job.status, "outputs").items()) out["outputs"][name] = output;
  if (!server.empty()) {
    // Until there is a page for people, the API's own address of the job.
    const std::string studio = fmt::format("{}/api/v1/workspaces/{}/jobs/{}", server, job.key.workspace, job.key.name);
    out["services"] = {
        {"Tracking", {{"endpoint", fmt::format("{}/workspaces/{}", server, job.key.workspace)}, {"type", "Tracking"}}},
        {"Studio", {{"endpoint", studio}, {"type", "Studio"}}}};
  }
  return out;
}

}  // namespace

resources::Kind environment_kind() {
  resources::Kind kind;
  kind.name = "environment";
  kind.plural = "environments";
  kind.title = "environment";
  kind.versioning = resources::Versioning::versions;
  kind.mutability = resources::Mutability::asset;
  kind.component = environment_access;
  kind.schema = schemas::environment;
  kind.can_delete = false;
  kind.local_fields = {{"/conda_file", LocalField::inline_yaml, {}}, {"/build/path", LocalField::upload, {}}};
  kind.columns = {{"NAME", "name"}, {"VERSION", "version"}, {"IMAGE", "image"}, {"DESCRIPTION", "description"}};
  kind.normalise = normalise_environment;
  kind.check = admit_environment;
  return kind;
}

resources::Kind component_kind() {
  resources::Kind kind;
  kind.name = "component";
  kind.plural = "components";
  kind.title = "component";
  kind.versioning = resources::Versioning::versions;
  kind.mutability = resources::Mutability::asset;
  kind.component = component_access;
  kind.schema = schemas::component;
  kind.can_delete = false;
  add_step_rules(kind.local_fields, "");
  add_node_rules(kind.local_fields, "/jobs/*");
  kind.columns = {{"NAME", "name"}, {"VERSION", "version"}, {"TYPE", "type"}, {"DISPLAY NAME", "display_name"}};
  kind.normalise = normalise_component;
  kind.check = admit_component;
  return kind;
}

resources::Kind compute_kind() {
  resources::Kind kind;
  kind.name = "compute";
  kind.plural = "computes";
  kind.title = "compute";
  kind.component = "workspace/compute";
  kind.schema = schemas::compute;
  kind.columns = {{"NAME", "name"}, {"TYPE", "type"}, {"SIZE", "size"}, {"MAX INSTANCES", "max_instances"}};
  kind.normalise = normalise_compute;
  return kind;
}

resources::Kind job_kind(const data_estate::Locations* locations, std::function<std::string()> server_url) {
  resources::Kind kind;
  kind.name = "job";
  kind.plural = "jobs";
  kind.title = "job";
  kind.mutability = resources::Mutability::asset;
  kind.component = "workspace";
  kind.schema = schemas::job;
  kind.generates_name = true;
  kind.can_delete = false;
  add_node_rules(kind.local_fields, "");
  add_node_rules(kind.local_fields, "/jobs/*");
  kind.columns = {{"NAME", "name"},     {"DISPLAY NAME", "display_name"},  {"TYPE", "type"},
                  {"STATUS", "status"}, {"EXPERIMENT", "experiment_name"}, {"CREATED", "creation_context.created_at"}};
  kind.normalise = normalise_job;
  kind.check = [locations](const CheckContext& context, Draft& draft) -> Result<void> {
    CICLO_CHECK(admit_job(context, draft, locations));
    if (draft.before != nullptr || locations == nullptr) return {};
    return create_run(context.session, draft.resource, context.caller.principal, context.now);
  };
  // A copy without its functions is all that default_view() needs.
  resources::Kind plain;
  plain.name = kind.name;
  plain.plural = kind.plural;
  kind.view = [plain = std::move(plain), server_url = std::move(server_url)](const resources::Resource& job) {
    return job_view(plain, job, server_url ? server_url() : std::string());
  };
  return kind;
}

}  // namespace ciclo::inner_loop
