#include "inner_loop/jobs/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "inner_loop/jobs/graph_order.hpp"

namespace ciclo::inner_loop {
namespace {

constexpr std::size_t max_nodes = 1000;

std::string node_pointer(const std::string& node) {
  return "/jobs/" + escape_pointer_token(node);
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

Failure unknown_name(const std::string& what, const std::string& name, const std::vector<std::string>& known,
                     const std::string& pointer) {
  const auto near = nearest(name, known);
  return fail(ErrorCode::invalid, fmt::format("there is no {} '{}'", what, name), pointer,
              near             ? fmt::format("did you mean '{}'?", *near)
              : !known.empty() ? "there are " + join(known, ", ")
                               : "");
}

bool truth(const Json& value, bool otherwise) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return iequals(value.get<std::string>(), "true");
  return otherwise;
}

PipelineSettings read_settings(const Json& document) {
  const Json& settings = member(document, "settings");
  PipelineSettings result;
  result.default_compute = plain_compute(text_or(settings, "default_compute", text_or(document, "compute")));
  result.default_datastore = plain_compute(text_or(settings, "default_datastore", "workspaceblobstore"));
  result.continue_on_step_failure = truth(member(settings, "continue_on_step_failure"), false);
  result.force_rerun = truth(member(settings, "force_rerun"), false);
  return result;
}

std::string reference_of(const Json& component, const std::string& otherwise) {
  const std::string name = text_or(component, "name");
  const Json& version = member(component, "version");
  if (name.empty() || version.is_null()) return otherwise;
  return fmt::format("azureml:{}:{}", name, literal_text(version));
}

Error with_pointer(Error error, const std::string& pointer) {
  error.target = pointer;
  return error;
}

// Finds what the node runs.
Result<void> resolve_component(Node& node, const ComponentResolver& resolve) {
  const std::string pointer = node_pointer(node.name);
  const Json& component = member(node.document, "component");
  if (component.is_null()) {
    node.component = node.document;
  } else if (component.is_object()) {
    node.component = component;
  } else if (component.is_string()) {
    const std::string reference = component.get<std::string>();
    auto found = resolve(reference);
    if (!found) return std::unexpected(with_pointer(std::move(found).error(), pointer + "/component"));
    node.component = *std::move(found);
    node.component_reference = reference_of(node.component, reference);
  } else {
    return fail(ErrorCode::invalid, "a component is a reference or a map", pointer + "/component");
  }
  const std::string inside = component.is_null() ? pointer : pointer + "/component";
  CICLO_CHECK(check_job_type(node.document, pointer));
  CICLO_CHECK(check_job_type(node.component, inside));
  node.is_pipeline = text_or(node.component, "type") == "pipeline";
  if (node.is_pipeline ? !member(node.component, "jobs").is_object() : !member(node.component, "command").is_string())
    return fail(ErrorCode::invalid,
                fmt::format("step '{}' needs {}", node.name, node.is_pipeline ? "jobs" : "a component or a command"),
                pointer);
  return {};
}

Result<Node> read_node(const std::string& name, const Json& document, const ComponentResolver& resolve) {
  Node node;
  node.name = name;
  node.document = document;
  const std::string pointer = node_pointer(name);
  if (!document.is_object()) return fail(ErrorCode::invalid, fmt::format("step '{}' must be a map", name), pointer);
  CICLO_CHECK(resolve_component(node, resolve));
  const Json& inputs = member(document, "inputs");
  const Json& outputs = member(document, "outputs");
  if (member(document, "component").is_null()) {
    CICLO_TRY(node.inputs, read_inputs(inputs, pointer + "/inputs"));
    CICLO_TRY(node.outputs, read_outputs(outputs, pointer + "/outputs"));
    return node;
  }
  CICLO_TRY(const auto declared_inputs,
            parse_input_declarations(member(node.component, "inputs"), pointer + "/component/inputs"));
  CICLO_TRY(const auto declared_outputs,
            parse_output_declarations(member(node.component, "outputs"), pointer + "/component/outputs"));
  CICLO_TRY(node.inputs, bind_inputs(declared_inputs, inputs, pointer + "/inputs"));
  CICLO_TRY(node.outputs, bind_outputs(declared_outputs, outputs, pointer + "/outputs"));
  return node;
}

// Checks every expression of the pipeline against what exists, and collects who waits for whom.
class Linker {
 public:
  explicit Linker(JobGraph& graph) : graph_(graph) {
    for (Node& node : graph.nodes) by_name_[node.name] = &node;
  }

  Result<void> link() {
    for (Node& node : graph_.nodes) CICLO_CHECK(link_node(node));
    return {};
  }

 private:
  Result<void> link_node(Node& node) {
    const std::string pointer = node_pointer(node.name);
    for (const auto& [name, input] : node.inputs) {
      const std::string where = pointer + "/inputs/" + escape_pointer_token(name);
      if (input.expression) CICLO_CHECK(link_input(node, input, *input.expression, where));
      const std::string& text = input.source == InputBinding::Source::data ? input.path : text_of(input.literal);
      CICLO_TRY(const Template pieces, parse_template(text));
      for (const Expression& expression : expressions_of(pieces)) CICLO_CHECK(link_text(expression, where));
    }
    for (const auto& [name, output] : node.outputs) {
      if (!output.expression) continue;
      const std::string where = pointer + "/outputs/" + escape_pointer_token(name);
      const std::string& target = output.expression->name;
      if (!graph_.outputs.contains(target))
        return unknown_name("pipeline output", target, keys_of(graph_.outputs), where);
      const auto [earlier, is_first] = written_by_.emplace(target, node.name);
      if (!is_first)
        return fail(ErrorCode::invalid,
                    fmt::format("pipeline output '{}' is already written by step '{}'", target, earlier->second),
                    where);
    }
    return {};
  }

  Result<void> link_input(Node& node, const InputBinding& input, const Expression& expression,
                          const std::string& where) {
    if (expression.kind == ExpressionKind::parent_input) return check_parent_input(input, expression, where);
    if (expression.kind == ExpressionKind::name || expression.kind == ExpressionKind::default_datastore) return {};
    if (expression.kind != ExpressionKind::node_output)
      return fail(ErrorCode::invalid, fmt::format("{} has no meaning in a step's inputs", expression.text()), where,
                  "use ${{parent.inputs.X}} or ${{parent.jobs.J.outputs.O}}");
    const auto found = by_name_.find(expression.node);
    if (found == by_name_.end()) return unknown_name("step", expression.node, keys_of(by_name_), where);
    const Node& source = *found->second;
    if (!source.outputs.contains(expression.name))
      return unknown_name(fmt::format("output of step '{}'", source.name), expression.name, keys_of(source.outputs),
                          where);
    if (is_literal(input.type) && !member(node.document, "component").is_null())
      return fail(ErrorCode::invalid,
                  fmt::format("a {} cannot be given an output, which is a file or folder", name_of(input.type)), where);
    node.depends_on.insert(source.name);
    return {};
  }

  Result<void> check_parent_input(const InputBinding& input, const Expression& expression, const std::string& where) {
    const auto found = graph_.inputs.find(expression.name);
    if (found == graph_.inputs.end())
      return unknown_name("pipeline input", expression.name, keys_of(graph_.inputs), where);
    if (found->second.source == InputBinding::Source::literal && is_literal(input.type) &&
        input.type != ValueType::string) {
      const InputDeclaration wanted{expression.name, input.type, false, nullptr, nullptr, nullptr, nullptr};
      CICLO_TRY([[maybe_unused]] const Json checked, check_literal(wanted, found->second.literal, where));
    }
    return {};
  }

  Result<void> link_text(const Expression& expression, const std::string& where) {
    switch (expression.kind) {
      case ExpressionKind::name:
      case ExpressionKind::default_datastore: return {};
      case ExpressionKind::parent_input:
        if (graph_.inputs.contains(expression.name)) return {};
        return unknown_name("pipeline input", expression.name, keys_of(graph_.inputs), where);
      default:
        return fail(ErrorCode::invalid, fmt::format("{} must stand alone, or has no meaning here", expression.text()),
                    where);
    }
  }

  static const std::string& text_of(const Json& literal) {
    static const std::string none;
    return literal.is_string() ? literal.get_ref<const std::string&>() : none;
  }

  JobGraph& graph_;
  std::map<std::string, Node*> by_name_;
  std::map<std::string, std::string> written_by_;
};

Result<void> put_in_order(JobGraph& graph) {
  std::vector<OrderItem> items;
  for (const Node& node : graph.nodes) items.push_back({node.name, node.depends_on});
  CICLO_TRY(const std::vector<std::size_t> order, run_order(items));
  std::vector<Node> sorted;
  for (const std::size_t index : order) sorted.push_back(std::move(graph.nodes[index]));
  graph.nodes = std::move(sorted);
  return {};
}

// A root `component` gives the jobs, and declares the inputs and outputs of the job. Inputs that it does not declare
// are taken too: `--set inputs.x=1` on such a job is common.
Result<Json> with_root_component(const Json& document, const ComponentResolver& resolve) {
  const Json& given = member(document, "component");
  if (given.is_null() || !member(document, "jobs").is_null()) return document;
  Json component = given;
  if (given.is_string()) {
    auto found = resolve(given.get<std::string>());
    if (!found) return std::unexpected(with_pointer(std::move(found).error(), "/component"));
    component = *std::move(found);
  }
  if (text_or(component, "type") != "pipeline" || !member(component, "jobs").is_object())
    return fail(ErrorCode::invalid, "a pipeline job's component must be a pipeline component", "/component");
  Json merged = document;
  merged["jobs"] = component["jobs"];
  CICLO_TRY(const auto declared, parse_input_declarations(member(component, "inputs"), "/component/inputs"));
  Json known = Json::object();
  Json inputs = member(document, "inputs").is_object() ? member(document, "inputs") : Json::object();
  for (const InputDeclaration& declaration : declared) known[declaration.name] = member(inputs, declaration.name);
  CICLO_TRY(const InputBindings bound, bind_inputs(declared, known, "/inputs"));
  for (const auto& [name, binding] : bound) inputs[name] = binding.to_json();
  merged["inputs"] = std::move(inputs);
  Json outputs = member(component, "outputs").is_object() ? member(component, "outputs") : Json::object();
  if (member(document, "outputs").is_object()) merge_patch(outputs, member(document, "outputs"));
  merged["outputs"] = std::move(outputs);
  return merged;
}

}  // namespace

std::string plain_compute(const std::string& reference) {
  constexpr std::string_view prefix = "azureml:";
  return reference.starts_with(prefix) ? reference.substr(prefix.size()) : reference;
}

Result<void> check_job_type(const Json& document, const std::string& pointer) {
  const Json& given = member(document, "type");
  if (given.is_null()) return {};
  const std::string type = given.is_string() ? given.get<std::string>() : to_text(given);
  if (type == "command" || type == "pipeline") return {};
  for (const char* known :
       {"sweep", "automl", "spark", "parallel", "import", "data_transfer", "finetuning", "distillation"})
    if (type == known)
      return fail(ErrorCode::unsupported, fmt::format("jobs of type {} are not offered", type), pointer + "/type",
                  "command and pipeline are");
  const auto near = nearest(type, {"command", "pipeline"});
  return fail(ErrorCode::invalid, fmt::format("'{}' is no type of job", type), pointer + "/type",
              near ? fmt::format("did you mean '{}'?", *near) : "command and pipeline are");
}

Result<JobGraph> build_graph(const Json& given, const ComponentResolver& resolve) {
  CICLO_TRY(const Json document, with_root_component(given, resolve));
  JobGraph graph;
  graph.settings = read_settings(document);
  CICLO_TRY(graph.inputs, read_inputs(member(document, "inputs"), "/inputs"));
  CICLO_TRY(graph.outputs, read_outputs(member(document, "outputs"), "/outputs"));
  const Json& jobs = member(document, "jobs");
  if (!jobs.is_object() || jobs.empty())
    return fail(ErrorCode::invalid, "a pipeline needs at least one step under jobs", "/jobs");
  if (jobs.size() > max_nodes)
    return fail(ErrorCode::too_large, fmt::format("a pipeline has at most {} steps", max_nodes), "/jobs");
  for (const auto& [name, node] : jobs.items()) {
    CICLO_TRY(Node read, read_node(name, node, resolve));
    graph.nodes.push_back(std::move(read));
  }
  CICLO_CHECK(Linker(graph).link());
  CICLO_CHECK(put_in_order(graph));
  return graph;
}

}  // namespace ciclo::inner_loop
