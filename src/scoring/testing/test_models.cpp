#include "scoring/testing/test_models.hpp"

#include <onnx/onnx_pb.h>
#include <stdlib.h>

#include <fstream>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace ciclo::scoring::testing {
namespace {

using Names = std::initializer_list<const char*>;

class GraphBuilder {
 public:
  GraphBuilder() {
    model_.set_ir_version(8);
    auto* standard = model_.add_opset_import();
    standard->set_domain("");
    standard->set_version(13);
    auto* machine_learning = model_.add_opset_import();
    machine_learning->set_domain("ai.onnx.ml");
    machine_learning->set_version(2);
    graph().set_name("test");
  }

  // Columns 0: rank 1.
  void input(const char* name, int type, int columns) { describe(graph().add_input(), name, type, columns); }
  void output(const char* name, int type, int columns) { describe(graph().add_output(), name, type, columns); }

  onnx::NodeProto& node(const char* op, Names inputs, Names outputs, const char* domain = "") {
    auto* node = graph().add_node();
    node->set_op_type(op);
    node->set_domain(domain);
    for (const auto* name : inputs) node->add_input(name);
    for (const auto* name : outputs) node->add_output(name);
    return *node;
  }

  void constant(const char* name, std::initializer_list<std::int64_t> shape, const std::vector<float>& values) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (const auto size : shape) tensor->add_dims(size);
    for (const float value : values) tensor->add_float_data(value);
  }

  static void attribute(onnx::NodeProto& node, const char* name, std::int64_t value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, float value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::FLOAT);
    attribute->set_f(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, const std::vector<std::string>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::STRINGS);
    for (const auto& value : values) attribute->add_strings(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, const std::vector<std::int64_t>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const auto value : values) attribute->add_ints(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, const std::vector<float>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::FLOATS);
    for (const auto value : values) attribute->add_floats(value);
  }

  std::string bytes() const { return model_.SerializeAsString(); }

 private:
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  static void describe(onnx::ValueInfoProto* value, const char* name, int type, int columns) {
    value->set_name(name);
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape()->add_dim()->set_dim_param("rows");
    if (columns > 0) tensor->mutable_shape()->add_dim()->set_dim_value(columns);
  }

  onnx::ModelProto model_;
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ciclo-scoring-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  // Renamed into place, as who reads it may be another process.
  const auto beside = file.string() + ".new";
  std::ofstream(beside, std::ios::binary) << text;
  std::filesystem::rename(beside, file);
}

std::string read_file(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::string softmax_model(float sun_bias) {
  GraphBuilder graph;
  graph.input("temp", onnx::TensorProto::FLOAT, 1);
  graph.input("wind", onnx::TensorProto::DOUBLE, 1);
  graph.input("wet", onnx::TensorProto::INT64, 1);
  graph.input("city", onnx::TensorProto::STRING, 1);
  GraphBuilder::attribute(graph.node("Cast", {"wind"}, {"wind_float"}), "to", std::int64_t{onnx::TensorProto::FLOAT});
  GraphBuilder::attribute(graph.node("Cast", {"wet"}, {"wet_float"}), "to", std::int64_t{onnx::TensorProto::FLOAT});
  auto& city = graph.node("LabelEncoder", {"city"}, {"is_lisbon"}, "ai.onnx.ml");
  GraphBuilder::attribute(city, "keys_strings", std::vector<std::string>{"lisbon"});
  GraphBuilder::attribute(city, "values_floats", std::vector<float>{1.0F});
  GraphBuilder::attribute(city, "default_float", 0.0F);
  GraphBuilder::attribute(graph.node("Concat", {"temp", "wind_float", "wet_float", "is_lisbon"}, {"raw"}), "axis",
                          std::int64_t{1});
  auto& imputer = graph.node("Imputer", {"raw"}, {"features"}, "ai.onnx.ml");
  GraphBuilder::attribute(imputer, "imputed_value_floats", std::vector<float>{0, 0, 0, 0});
  GraphBuilder::attribute(imputer, "replaced_value_float", std::numeric_limits<float>::quiet_NaN());
  graph.constant("weights", {4, 2}, {0, 1, 0, -1, 0, -10, 0, 5});
  graph.constant("bias", {2}, {0, sun_bias});
  graph.node("Gemm", {"features", "weights", "bias"}, {"scores"});
  GraphBuilder::attribute(graph.node("Softmax", {"scores"}, {"probabilities"}), "axis", std::int64_t{1});
  auto& best = graph.node("ArgMax", {"scores"}, {"class"});
  GraphBuilder::attribute(best, "axis", std::int64_t{1});
  GraphBuilder::attribute(best, "keepdims", std::int64_t{0});
  auto& label = graph.node("LabelEncoder", {"class"}, {"label"}, "ai.onnx.ml");
  GraphBuilder::attribute(label, "keys_int64s", std::vector<std::int64_t>{0, 1});
  GraphBuilder::attribute(label, "values_strings", std::vector<std::string>{"rain", "sun"});
  graph.output("label", onnx::TensorProto::STRING, 0);
  graph.output("probabilities", onnx::TensorProto::FLOAT, 2);
  return graph.bytes();
}

std::string matrix_model(float factor) {
  GraphBuilder graph;
  graph.input("x", onnx::TensorProto::FLOAT, 3);
  graph.constant("weights", {3, 1}, {factor, factor, factor});
  graph.node("MatMul", {"x", "weights"}, {"y"});
  graph.output("y", onnx::TensorProto::FLOAT, 1);
  return graph.bytes();
}

std::string echo_model() {
  GraphBuilder graph;
  graph.input("text", onnx::TensorProto::STRING, 1);
  graph.node("Identity", {"text"}, {"echo"});
  graph.output("echo", onnx::TensorProto::STRING, 1);
  return graph.bytes();
}

void write_softmax_folder(const std::filesystem::path& folder, float sun_bias) {
  write_file(folder / "MLmodel", R"(artifact_path: model
flavors:
  onnx:
    data: model.onnx
    onnx_version: 1.12.0
  python_function:
    loader_module: mlflow.onnx
    env: conda.yaml
run_id: 0123456789abcdef0123456789abcdef
model_uuid: 00112233445566778899aabbccddeeff
signature:
  inputs: '[{"type": "string", "name": "city", "required": false}, {"type": "float", "name": "temp", "required": true},
    {"type": "double", "name": "wind", "required": true}, {"type": "long", "name": "wet", "required": true}]'
  outputs: '[{"type": "string", "name": "label", "required": true}]'
)");
  write_file(folder / "model.onnx", softmax_model(sun_bias));
}

}  // namespace ciclo::scoring::testing
