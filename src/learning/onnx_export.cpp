#include "learning/onnx_export.hpp"

#include <onnx/onnx_pb.h>

#include "base/json.hpp"

namespace ciclo::learning {
namespace {

constexpr int opset = 17;
constexpr int ml_opset = 3;
constexpr int ir_version = 8;

// Adds nodes and constants to a graph; every node has one output, whose name is returned.
class GraphBuilder {
 public:
  explicit GraphBuilder(onnx::GraphProto& graph) : graph_(graph) {}

  void input(const std::string& name, int type) { describe(*graph_.add_input(), name, type, {-1, 1}); }
  void output(const std::string& name, int type, const std::vector<std::int64_t>& shape) {
    describe(*graph_.add_output(), name, type, shape);
  }

  std::string node(const std::string& type, const std::vector<std::string>& inputs, std::string name = {}) {
    if (name.empty()) name = "ciclo/" + type + std::to_string(++count_);
    last_ = graph_.add_node();
    last_->set_op_type(type);
    last_->set_name(name);
    for (const std::string& each : inputs) last_->add_input(each);
    last_->add_output(name);
    return name;
  }
  // Attributes of the node added last.
  void integer(const std::string& name, std::int64_t value) {
    auto& attribute = add_attribute(name, onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  void integers(const std::string& name, std::size_t count) {
    auto& attribute = add_attribute(name, onnx::AttributeProto::INTS);
    for (std::size_t i = 0; i < count; ++i) attribute.add_ints(static_cast<std::int64_t>(i));
  }
  void texts(const std::string& name, const std::vector<std::string>& values) {
    auto& attribute = add_attribute(name, onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) attribute.add_strings(value);
  }
  void ml_domain() { last_->set_domain("ai.onnx.ml"); }

  std::string floats(const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
    onnx::TensorProto& tensor = constant(shape, onnx::TensorProto::FLOAT);
    for (const float value : values) tensor.add_float_data(value);
    return tensor.name();
  }
  std::string integers_constant(const std::vector<std::int64_t>& values) {
    onnx::TensorProto& tensor = constant({static_cast<std::int64_t>(values.size())}, onnx::TensorProto::INT64);
    for (const std::int64_t value : values) tensor.add_int64_data(value);
    return tensor.name();
  }

 private:
  static void describe(onnx::ValueInfoProto& info, const std::string& name, int type,
                       const std::vector<std::int64_t>& shape) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const std::int64_t size : shape) {
      auto* dimension = tensor->mutable_shape()->add_dim();
      if (size < 0) {
        dimension->set_dim_param("rows");
      } else {
        dimension->set_dim_value(size);
      }
    }
  }
  onnx::AttributeProto& add_attribute(const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto* attribute = last_->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return *attribute;
  }
  onnx::TensorProto& constant(const std::vector<std::int64_t>& shape, int type) {
    onnx::TensorProto* tensor = graph_.add_initializer();
    tensor->set_name("ciclo/constant" + std::to_string(++count_));
    tensor->set_data_type(type);
    for (const std::int64_t size : shape) tensor->add_dims(size);
    return *tensor;
  }

  onnx::GraphProto& graph_;
  onnx::NodeProto* last_ = nullptr;
  int count_ = 0;
};

// NaN → mean, then standardised: [rows, 1].
std::string number_node(GraphBuilder& graph, const Feature& feature) {
  std::string value = feature.name;
  const std::string mean = graph.floats({1}, {static_cast<float>(feature.mean)});
  if (feature.kind == FeatureKind::integer) {
    value = graph.node("Cast", {value});
    graph.integer("to", onnx::TensorProto::FLOAT);
  } else {
    const std::string missing = graph.node("IsNaN", {value});
    value = graph.node("Where", {missing, mean, value});
  }
  const std::string centred = graph.node("Sub", {value, mean});
  return graph.node("Div", {centred, graph.floats({1}, {static_cast<float>(feature.deviation)})});
}

// [rows, 1] strings → [rows, categories]; what is not among them is all zeros.
std::string category_node(GraphBuilder& graph, const Feature& feature) {
  const std::string hot = graph.node("OneHotEncoder", {feature.name});
  graph.ml_domain();
  graph.texts("cats_strings", feature.categories);
  graph.integer("zeros", 1);
  return graph.node("Reshape", {hot, graph.integers_constant({-1, static_cast<std::int64_t>(feature.width())})});
}

int tensor_type(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::real: return onnx::TensorProto::FLOAT;
    case FeatureKind::integer: return onnx::TensorProto::INT64;
    case FeatureKind::category: return onnx::TensorProto::STRING;
  }
  return onnx::TensorProto::UNDEFINED;
}

void add_model(GraphBuilder& graph, const Classifier& classifier, const std::string& features) {
  const SoftmaxModel& model = classifier.model;
  const auto classes = static_cast<std::int64_t>(classifier.labels.size());
  std::vector<float> weights;
  for (Eigen::Index i = 0; i < model.weights.size(); ++i)
    weights.push_back(static_cast<float>(model.weights.data()[i]));
  std::vector<float> intercepts;
  for (const double value : model.intercepts) intercepts.push_back(static_cast<float>(value));
  const std::string product = graph.node("MatMul", {features, graph.floats({model.weights.rows(), classes}, weights)});
  const std::string scores = graph.node("Add", {product, graph.floats({classes}, intercepts)});
  graph.node("Softmax", {scores}, "probabilities");
  graph.integer("axis", 1);
  const std::string best = graph.node("ArgMax", {"probabilities"});
  graph.integer("axis", 1);
  graph.integer("keepdims", 0);
  graph.node("LabelEncoder", {best}, "label");
  graph.ml_domain();
  graph.integers("keys_int64s", classifier.labels.size());
  graph.texts("values_strings", classifier.labels);
}

}  // namespace

Result<std::string> to_onnx(const Classifier& classifier) {
  onnx::ModelProto model;
  model.set_ir_version(ir_version);
  model.set_producer_name("ciclo-learn");
  model.add_opset_import()->set_version(opset);
  auto* ml = model.add_opset_import();
  ml->set_domain("ai.onnx.ml");
  ml->set_version(ml_opset);
  auto* classes = model.add_metadata_props();
  classes->set_key("classes");
  classes->set_value(to_text(Json(classifier.labels)));

  model.mutable_graph()->set_name("softmax_regression");
  GraphBuilder graph(*model.mutable_graph());
  std::vector<std::string> parts;
  for (const Feature& feature : classifier.features) {
    if (feature.name == "label" || feature.name == "probabilities" || feature.name.starts_with("ciclo/"))
      return fail(ErrorCode::invalid, "a feature cannot have this name: the exported graph uses it", feature.name);
    graph.input(feature.name, tensor_type(feature.kind));
    parts.push_back(feature.kind == FeatureKind::category ? category_node(graph, feature)
                                                          : number_node(graph, feature));
  }
  const std::string features = graph.node("Concat", parts);
  graph.integer("axis", 1);
  add_model(graph, classifier, features);
  graph.output("label", onnx::TensorProto::STRING, {-1});
  graph.output("probabilities", onnx::TensorProto::FLOAT, {-1, static_cast<std::int64_t>(classifier.labels.size())});
  std::string bytes;
  if (!model.SerializeToString(&bytes)) return fail(ErrorCode::internal, "the ONNX model cannot be written");
  return bytes;
}

}  // namespace ciclo::learning
