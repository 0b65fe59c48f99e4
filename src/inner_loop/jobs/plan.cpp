#include "inner_loop/jobs/plan.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "inner_loop/jobs/expressions.hpp"

namespace ciclo::inner_loop {
namespace {

// What a step has from its component, and what the node may say otherwise.
constexpr const char* component_fields[] = {"command",      "code",      "environment", "environment_variables",
                                            "distribution", "resources", "limits",      "is_deterministic",
                                            "description"};
constexpr const char* node_fields[] = {"resources",   "limits", "distribution", "identity",
                                       "description", "tags",   "services",     "properties"};

std::optional<InputDeclaration> declaration_of(const Node& node, const std::string& input) {
  if (member(node.document, "component").is_null()) return std::nullopt;
  const auto declared = parse_input_declarations(member(node.component, "inputs"), "");
  if (!declared) return std::nullopt;
  for (const InputDeclaration& one : *declared)
    if (one.name == input) return one;
  return std::nullopt;
}

class Planner {
 public:
  explicit Planner(const PlanRequest& request) : request_(request), graph_(request.graph) {
    for (const Node& node : graph_.nodes) job_names_[node.name] = request.name_step(node.name);
  }

  Result<PipelinePlan> plan() {
    PipelinePlan plan;
    plan.outputs = Json::object();
    for (const auto& [name, output] : graph_.outputs) {
      CICLO_TRY(plan.outputs[name], pipeline_output(name));
    }
    for (const Node& node : graph_.nodes) {
      CICLO_TRY(Json document, step_document(node));
      plan.steps.push_back({node.name, job_names_[node.name], std::move(document), node.depends_on});
    }
    return plan;
  }

 private:
  // Text with expressions of the pipeline put in; `job` is what ${{name}} stands for.
  Result<std::string> fill(const std::string& text, const std::string& job) const {
    CICLO_TRY(const Template pieces, parse_template(text));
    return render(pieces, [&](const Expression& expression) -> Result<std::optional<std::string>> {
      switch (expression.kind) {
        case ExpressionKind::name: return job;
        case ExpressionKind::default_datastore: return graph_.settings.default_datastore;
        case ExpressionKind::parent_input: {
          const InputBinding& binding = graph_.inputs.at(expression.name);
          if (binding.source == InputBinding::Source::unset) return std::nullopt;
          return binding.source == InputBinding::Source::literal ? literal_text(binding.literal) : binding.path;
        }
        default: return fail(ErrorCode::invalid, fmt::format("{} has no meaning here", expression.text()));
      }
    });
  }

  Result<Json> pipeline_output(const std::string& name) const {
    const OutputBinding& output = graph_.outputs.at(name);
    OutputBinding placed = output;
    if (!placed.type) placed.type = type_of_writer(name);
    CICLO_TRY(placed.path, output.path.empty() ? Result<std::string>(job_output_uri(request_.job_name, name))
                                               : fill(output.path, request_.job_name));
    return placed.to_json();
  }

  std::optional<ValueType> type_of_writer(const std::string& pipeline_output) const {
    for (const Node& node : graph_.nodes)
      for (const auto& [name, output] : node.outputs)
        if (output.expression && output.expression->name == pipeline_output) return output.type;
    return std::nullopt;
  }

  Result<Json> from_pipeline_input(const Node& node, const std::string& name, const InputBinding& input,
                                   const std::string& pointer) const {
    const std::string& source_name = input.expression->name;
    InputBinding source = graph_.inputs.at(source_name);
    const auto declared = declaration_of(node, name);
    if (source.source == InputBinding::Source::unset) {
      if (declared && !declared->default_value.is_null()) {
        CICLO_TRY(const InputBinding fallback, read_input(declared->default_value, &*declared, pointer));
        return fallback.to_json();
      }
      if (declared && declared->optional) return nullptr;
      return fail(ErrorCode::invalid,
                  fmt::format("pipeline input '{}' has no value, and step '{}' needs it", source_name, node.name),
                  "/inputs/" + escape_pointer_token(source_name));
    }
    if (!input.mode.empty()) source.mode = input.mode;
    if (!declared) return source.to_json();
    if (source.source == InputBinding::Source::literal) {
      CICLO_TRY(source, read_input(source.literal, &*declared, pointer));
    } else if (!is_literal(declared->type) && source.source == InputBinding::Source::data) {
      source.type = declared->type;
    } else {
      return fail(ErrorCode::invalid,
                  fmt::format("input '{}' is a {} and takes a value, not a path", name, name_of(declared->type)),
                  pointer);
    }
    return source.to_json();
  }

  Result<Json> from_expression(const Node& node, const std::string& name, const InputBinding& input,
                               const std::string& pointer) const {
    const Expression& expression = *input.expression;
    if (expression.kind == ExpressionKind::parent_input) return from_pipeline_input(node, name, input, pointer);
    InputBinding bound;
    if (expression.kind == ExpressionKind::node_output) {
      bound.source = InputBinding::Source::data;
      bound.type = is_literal(input.type) ? ValueType::uri_folder : input.type;
      if (!declaration_of(node, name)) bound.type = type_of_output(expression).value_or(bound.type);
      bound.path = job_output_uri(job_names_.at(expression.node), expression.name);
      bound.mode = input.mode;
    } else {
      bound.source = InputBinding::Source::literal;
      bound.literal =
          expression.kind == ExpressionKind::name ? job_names_.at(node.name) : graph_.settings.default_datastore;
    }
    return bound.to_json();
  }

  std::optional<ValueType> type_of_output(const Expression& expression) const {
    for (const Node& node : graph_.nodes)
      if (node.name == expression.node) return node.outputs.at(expression.name).type;
    return std::nullopt;
  }

  Result<Json> step_inputs(const Node& node) const {
    Json inputs = Json::object();
    for (const auto& [name, input] : node.inputs) {
      const std::string pointer = "/jobs/" + escape_pointer_token(node.name) + "/inputs/" + escape_pointer_token(name);
      if (input.expression) {
        CICLO_TRY(inputs[name], from_expression(node, name, input, pointer));
        continue;
      }
      InputBinding filled = input;
      if (input.literal.is_string()) {
        CICLO_TRY(filled.literal, fill(input.literal.get<std::string>(), job_names_.at(node.name)));
      }
      CICLO_TRY(filled.path, fill(input.path, job_names_.at(node.name)));
      inputs[name] = filled.to_json();
    }
    return inputs;
  }

  Result<Json> step_outputs(const Node& node) const {
    Json outputs = Json::object();
    for (const auto& [name, output] : node.outputs) {
      OutputBinding placed = output;
      if (output.expression) {
        const OutputBinding& outer = graph_.outputs.at(output.expression->name);
        if (outer.type) placed.type = outer.type;
        if (placed.asset_name.empty()) placed.asset_name = outer.asset_name;
        if (placed.asset_version.empty()) placed.asset_version = outer.asset_version;
        CICLO_TRY(const Json where, pipeline_output(output.expression->name));
        placed.path = text_or(where, "path");
      } else {
        CICLO_TRY(placed.path, fill(output.path, job_names_.at(node.name)));
      }
      outputs[name] = placed.to_json();
    }
    return outputs;
  }

  Result<Json> step_document(const Node& node) const {
    Json document = Json::object();
    document["name"] = job_names_.at(node.name);
    document["type"] = node.is_pipeline ? "pipeline" : "command";
    document["display_name"] = text_or(node.document, "display_name", node.name);
    for (const char* field : component_fields) copy(node.component, field, document);
    if (!member(node.document, "component").is_null()) {
      for (const char* field : node_fields) copy(node.document, field, document);
      merge(node.document, "environment_variables", document);
    } else {
      for (const char* field : {"identity", "tags", "services", "properties"}) copy(node.document, field, document);
    }
    if (!node.component_reference.empty()) document["component"] = node.component_reference;
    const std::string compute = plain_compute(text_or(node.document, "compute", graph_.settings.default_compute));
    if (!compute.empty()) document["compute"] = compute;
    copy(request_.document, "experiment_name", document);
    CICLO_TRY(document["inputs"], step_inputs(node));
    CICLO_TRY(document["outputs"], step_outputs(node));
    if (node.is_pipeline) add_pipeline_fields(node, document);
    return document;
  }

  void add_pipeline_fields(const Node& node, Json& document) const {
    document["jobs"] = member(node.component, "jobs");
    document.erase("component");
    Json settings = Json::object();
    settings["default_compute"] = text_or(document, "compute", graph_.settings.default_compute);
    settings["default_datastore"] = graph_.settings.default_datastore;
    settings["continue_on_step_failure"] = graph_.settings.continue_on_step_failure;
    settings["force_rerun"] = graph_.settings.force_rerun;
    if (settings["default_compute"] == "") settings.erase("default_compute");
    document["settings"] = std::move(settings);
    merge(node.component, "settings", document);
    merge(node.document, "settings", document);
  }

  static void copy(const Json& from, const char* field, Json& to) {
    const Json& value = member(from, field);
    if (!value.is_null()) to[field] = value;
  }

  // Members of a map on top of those that are there.
  static void merge(const Json& from, const char* field, Json& to) {
    const Json& value = member(from, field);
    if (value.is_object()) merge_patch(to[field], value);
  }

  const PlanRequest& request_;
  const JobGraph& graph_;
  std::map<std::string, std::string> job_names_;
};

}  // namespace

std::string job_output_uri(const std::string& job, const std::string& output) {
  return fmt::format("azureml://jobs/{}/outputs/{}", job, output);
}

Result<PipelinePlan> plan_pipeline(const PlanRequest& request) {
  return Planner(request).plan();
}

}  // namespace ciclo::inner_loop
