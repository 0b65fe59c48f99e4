#include "inner_loop/jobs/admission.hpp"

#include <fmt/format.h>

#include <utility>

#include "administration/secrets/vault.hpp"
#include "base/text.hpp"
#include "inner_loop/environments/conda_file.hpp"
#include "inner_loop/jobs/command_line.hpp"
#include "inner_loop/jobs/kinds.hpp"
#include "inner_loop/jobs/plan.hpp"
#include "inner_loop/jobs/status.hpp"
#include "inner_loop/jobs/submitter.hpp"
#include "inner_loop/tracking/run_store.hpp"
#include "resources/reference.hpp"

namespace ciclo::inner_loop {
namespace {

using resources::CheckContext;
using resources::Draft;

constexpr int max_nesting = 8;

Error at(Error error, const std::string& pointer) {
  if (error.target.starts_with("/") && !error.target.starts_with("/workspaces")) error.target = pointer + error.target;
  else error.target = pointer;
  return error;
}

struct Wanted {
  std::string kind;
  std::string_view access;  // which component guards it
};

// The resource that `text` refers to, in the transaction of a check.
Result<resources::Resource> look_up(const CheckContext& context, const std::string& workspace, const Wanted& wanted,
                                    const std::string& text) {
  CICLO_TRY(const resources::Reference reference, resources::parse_reference(text));
  const std::string where = reference.workspace.empty() ? workspace : reference.workspace;
  CICLO_CHECK(resources::require(context.access, context.caller, fmt::format("{}/read", wanted.access), where));
  resources::ResourceKey key{
      .workspace = where, .kind = wanted.kind, .parent = {}, .name = reference.name, .version = reference.version};
  if (key.version.empty()) {
    CICLO_TRY(key.version, context.store.version_of_label(context.session, key,
                                                          reference.label.empty() ? "latest" : reference.label));
  }
  return context.store.get(context.session, key);
}

class Admission {
 public:
  Admission(const CheckContext& context, std::string workspace, const data_estate::Locations* locations)
      : context_(context), workspace_(std::move(workspace)), locations_(locations) {}

  // A command with its environment and inputs. `pointer` is where the step stands in what the user sent.
  Result<void> step(const Json& document, const std::string& pointer) {
    CICLO_CHECK(check_command(text_or(document, "command"), member(document, "inputs"), member(document, "outputs"),
                              pointer + "/command"));
    CICLO_CHECK(environment(member(document, "environment"), pointer + "/environment"));
    CICLO_CHECK(administration::check_secret_references(context_, workspace_, member(document, "environment_variables"),
                                                        pointer + "/environment_variables"));
    CICLO_CHECK(distribution(member(document, "distribution"), pointer + "/distribution"));
    CICLO_TRY(const InputBindings inputs, read_inputs(member(document, "inputs"), pointer + "/inputs"));
    for (const auto& [name, input] : inputs) {
      const std::string where = pointer + "/inputs/" + escape_pointer_token(name);
      if (input.expression)
        return fail(ErrorCode::invalid, fmt::format("{} has no meaning here", input.expression->text()), where);
      CICLO_CHECK(data(input, where));
    }
    CICLO_CHECK(read_outputs(member(document, "outputs"), pointer + "/outputs"));
    return {};
  }

  Result<void> pipeline(const Json& document, const std::string& pointer, int depth) {
    if (depth > max_nesting) return fail(ErrorCode::invalid, "the pipelines contain each other too deeply", pointer);
    auto graph = build_graph(document, component_resolver(context_, workspace_));
    if (!graph) return std::unexpected(at(std::move(graph).error(), pointer));
    for (const auto& [name, input] : graph->inputs)
      CICLO_CHECK(data(input, pointer + "/inputs/" + escape_pointer_token(name)));
    const PlanRequest request{*graph, document, "pipeline", [](const std::string& node) { return node; }};
    auto plan = plan_pipeline(request);
    if (!plan) return std::unexpected(at(std::move(plan).error(), pointer));
    for (const StepPlan& one : plan->steps) {
      const std::string where = pointer + "/jobs/" + escape_pointer_token(one.node);
      if (text_or(one.document, "type") == "pipeline") CICLO_CHECK(pipeline(one.document, where, depth + 1));
      else CICLO_CHECK(step(one.document, where));
    }
    return {};
  }

  Result<void> environment(const Json& given, const std::string& pointer) {
    if (given.is_string()) {
      auto found = look_up(context_, workspace_, {"environment", environment_access}, given.get<std::string>());
      if (!found) return std::unexpected(at(std::move(found).error(), pointer));
      return {};
    }
    auto plan = plan_conda(given);
    if (!plan) return std::unexpected(at(std::move(plan).error(), pointer));
    return {};
  }

 private:
  Result<void> data(const InputBinding& input, const std::string& pointer) {
    if (input.source != InputBinding::Source::data || locations_ == nullptr) return {};
    // What a step of this pipeline will write is not there yet; what other expressions mean is not known yet.
    if (input.path.starts_with("azureml://jobs/") || input.path.find("${{") != std::string::npos) return {};
    auto found =
        locations_->resolve_in(context_.session, {context_.caller, workspace_, input.path, kind_of(input.type)});
    if (!found) return std::unexpected(at(std::move(found).error(), pointer + "/path"));
    return {};
  }

  static std::string kind_of(ValueType type) {
    return type == ValueType::mlflow_model || type == ValueType::custom_model || type == ValueType::triton_model
               ? "model"
               : "data";
  }

  static Result<void> distribution(const Json& given, const std::string& pointer) {
    for (const char* field : {"process_count_per_instance", "worker_count"}) {
      const Json& count = member(given, field);
      if (!count.is_null() && literal_text(count) != "1" && literal_text(count) != "0")
        return fail(ErrorCode::unsupported, "a step has one process", pointer + "/" + field, "set it to 1");
    }
    return {};
  }

  const CheckContext& context_;
  const std::string workspace_;
  const data_estate::Locations* locations_;
};

}  // namespace

Json component_document(const resources::Resource& component) {
  Json document = component.spec;
  document["name"] = component.key.name;
  document["version"] = component.key.version;
  return document;
}

ComponentResolver component_resolver(const CheckContext& context, const std::string& workspace) {
  return [&context, workspace](const std::string& reference) -> Result<Json> {
    CICLO_TRY(const resources::Resource component,
              look_up(context, workspace, {"component", component_access}, reference));
    return component_document(component);
  };
}

Result<void> admit_job(const CheckContext& context, Draft& draft, const data_estate::Locations* locations) {
  if (draft.before != nullptr) return {};  // what runs does not change any more
  resources::Resource& job = draft.resource;
  CICLO_CHECK(check_job_type(job.spec, ""));
  Admission admission(context, job.key.workspace, locations);
  const bool is_pipeline = text_or(job.spec, "type") == "pipeline";
  if (is_pipeline) CICLO_CHECK(admission.pipeline(job.spec, "", 0));
  else CICLO_CHECK(admission.step(job.spec, ""));
  remember_submitter(job, context.caller);
  if (!job.status.contains("status"))
    job.status["status"] = name_of(is_pipeline ? JobStatus::not_started : JobStatus::queued);
  if (!job.owner.empty()) {
    const resources::ResourceKey owner{
        .workspace = job.key.workspace, .kind = "job", .parent = {}, .name = job.owner, .version = {}};
    draft.links.push_back({owner.path(), job.key.path(), "child"});
  }
  return {};
}

Result<void> admit_component(const CheckContext& context, Draft& draft) {
  if (draft.before != nullptr) return {};
  const Json& spec = draft.resource.spec;
  CICLO_CHECK(check_job_type(spec, ""));
  CICLO_TRY(const auto inputs, parse_input_declarations(member(spec, "inputs"), "/inputs"));
  CICLO_TRY(const auto outputs, parse_output_declarations(member(spec, "outputs"), "/outputs"));
  // Who runs it must be allowed to read the secrets it names; who writes it need not be.
  CICLO_CHECK(administration::references_in_variables(member(spec, "environment_variables"), "/environment_variables"));
  if (text_or(spec, "type") != "pipeline") {
    Admission admission(context, draft.resource.key.workspace, nullptr);
    CICLO_CHECK(check_command(text_or(spec, "command"), member(spec, "inputs"), member(spec, "outputs"), "/command"));
    return admission.environment(member(spec, "environment"), "/environment");
  }
  // As it will be when it is used: literals by their defaults, data by something that is there then.
  Json used = spec;
  used["inputs"] = Json::object();
  for (const InputDeclaration& input : inputs) {
    if (is_literal(input.type)) used["inputs"][input.name] = input.default_value;
    else used["inputs"][input.name] = Json{{"type", name_of(input.type)}, {"path", "azureml://jobs/_/outputs/_"}};
  }
  CICLO_CHECK(build_graph(used, component_resolver(context, draft.resource.key.workspace)));
  return {};
}

Result<void> admit_environment(const CheckContext&, Draft& draft) {
  CICLO_CHECK(plan_conda(draft.resource.spec));
  return {};
}

}  // namespace ciclo::inner_loop
