#include "scoring/infer_protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "scoring/json_values.hpp"

namespace ciclo::scoring {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

Result<std::string_view> string_member(const object& from, std::string_view key, std::string_view what) {
  std::string_view text;
  if (from[key].get_string().get(text) != simdjson::SUCCESS)
    return fail(ErrorCode::invalid, fmt::format("{} has no '{}'", what, key));
  return text;
}

std::size_t index_of(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found = std::ranges::find(specs, name, &TensorSpec::name);
  return static_cast<std::size_t>(found - specs.begin());
}

Failure unknown_name(std::string_view kind, std::string_view name, const std::vector<TensorSpec>& specs) {
  std::vector<std::string> names;
  for (const auto& spec : specs) names.push_back(spec.name);
  const auto near = nearest(name, names);
  return fail(ErrorCode::invalid, fmt::format("the model has no {} '{}'", kind, name), {},
              near ? fmt::format("the nearest is '{}'", *near) : "");
}

std::optional<bool> flag(const object& from, std::string_view key) {
  bool value = false;
  if (from["parameters"][key].get_bool().get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

// Flat or nested: nesting carries no information beyond `shape`.
Result<void> read_values(const element& value, Tensor& tensor, std::size_t& index, int depth) {
  array list;
  if (value.get_array().get(list) == simdjson::SUCCESS) {
    if (depth > 16) return fail(ErrorCode::invalid, "the data are nested too deep");
    for (const element inner : list) CICLO_CHECK(read_values(inner, tensor, index, depth + 1));
    return {};
  }
  if (index >= tensor.count())
    return fail(ErrorCode::invalid, fmt::format("more values than the shape {} holds", shape_text(tensor.shape)));
  if (!store(tensor, index, value)) {
    return fail(ErrorCode::invalid,
                fmt::format("element {}: expected {}, got {}", index, describe(tensor.type), describe_value(value)));
  }
  ++index;
  return {};
}

// BYTES in binary form: each element a 4-byte little-endian length and that many bytes.
Result<void> read_binary_strings(std::string_view bytes, Tensor& tensor) {
  for (auto& text : tensor.strings) {
    std::uint32_t length = 0;
    if (bytes.size() < sizeof(length)) return fail(ErrorCode::invalid, "fewer strings than the shape holds");
    std::memcpy(&length, bytes.data(), sizeof(length));
    bytes.remove_prefix(sizeof(length));
    if (bytes.size() < length) return fail(ErrorCode::invalid, "a string is longer than the binary data");
    text.assign(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (!bytes.empty())
    return fail(ErrorCode::invalid, fmt::format("{} bytes are left over after the last string", bytes.size()));
  return {};
}

Result<void> read_binary(std::string_view bytes, Tensor& tensor) {
  if (tensor.type == DataType::bytes) return read_binary_strings(bytes, tensor);
  if (bytes.size() != tensor.raw.size()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} bytes of binary data, but the shape {} of {} takes {}", bytes.size(),
                            shape_text(tensor.shape), name_of(tensor.type), tensor.raw.size()));
  }
  tensor.raw.assign(bytes);
  return {};
}

class InferReader {
 public:
  InferReader(const ModelDescription& model, std::string_view binary) : model_(model), binary_(binary) {}

  Result<InferRequest> read(const object& root) {
    std::string_view id;
    if (root["id"].get_string().get(id) == simdjson::SUCCESS) request_.id = std::string(id);
    array inputs;
    if (root["inputs"].get_array().get(inputs) != simdjson::SUCCESS)
      return fail(ErrorCode::invalid, "the request has no list 'inputs'");
    request_.inputs.resize(model_.inputs.size());
    seen_.resize(model_.inputs.size());
    for (const element entry : inputs) {
      object input;
      if (entry.get_object().get(input) != simdjson::SUCCESS)
        return fail(ErrorCode::invalid, "an entry of 'inputs' is no object");
      CICLO_CHECK(read_input(input));
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (!seen_[i]) return fail(ErrorCode::invalid, fmt::format("the input '{}' is missing", model_.inputs[i].name));
    }
    if (!binary_.empty())
      return fail(ErrorCode::invalid, fmt::format("{} bytes of binary data belong to no input", binary_.size()));
    CICLO_CHECK(read_outputs(root));
    return std::move(request_);
  }

 private:
  Result<Shape> read_shape(const object& input, std::string_view name) {
    array dimensions;
    if (input["shape"].get_array().get(dimensions) != simdjson::SUCCESS)
      return fail(ErrorCode::invalid, fmt::format("input '{}' has no 'shape'", name));
    Shape shape;
    for (const element dimension : dimensions) {
      std::int64_t size = 0;
      if (dimension.get_int64().get(size) != simdjson::SUCCESS || size < 0) {
        return fail(ErrorCode::invalid, fmt::format("the shape of input '{}' is no list of whole numbers", name));
      }
      shape.push_back(size);
    }
    return shape;
  }

  Result<void> read_input(const object& input) {
    CICLO_TRY(const auto name, string_member(input, "name", "an entry of 'inputs'"));
    const auto index = index_of(model_.inputs, name);
    if (index == model_.inputs.size()) return unknown_name("input", name, model_.inputs);
    if (seen_[index]) return fail(ErrorCode::invalid, fmt::format("the input '{}' stands twice", name));
    seen_[index] = true;
    const auto& spec = model_.inputs[index];
    CICLO_TRY(const auto type, string_member(input, "datatype", fmt::format("input '{}'", name)));
    if (type != name_of(spec.type)) {
      return fail(ErrorCode::invalid,
                  fmt::format("input '{}' has datatype {}, expected {}", name, type, name_of(spec.type)));
    }
    CICLO_TRY(auto shape, read_shape(input, name));
    if (!fits(shape, spec)) {
      return fail(ErrorCode::invalid,
                  fmt::format("input '{}' has shape {}, expected {}", name, shape_text(shape), shape_text(spec.shape)));
    }
    const auto count = element_count(shape);
    std::uint64_t binary_size = 0;
    const bool is_binary = input["parameters"]["binary_data_size"].get_uint64().get(binary_size) == simdjson::SUCCESS;
    element data;
    const bool has_data = input["data"].get(data) == simdjson::SUCCESS;
    if (!is_binary && !has_data) return fail(ErrorCode::invalid, fmt::format("input '{}' has no 'data'", name));
    if (is_binary && has_data)
      return fail(ErrorCode::invalid, fmt::format("input '{}' has both 'data' and binary data", name));
    // Nothing is allocated that the request does not bring: a shape alone must not cost memory.
    const auto at_most =
        is_binary ? std::min<std::size_t>(binary_size, binary_.size()) : values_at_most(data, has_data);
    if (!count || *count > at_most)
      return fail(ErrorCode::invalid,
                  fmt::format("input '{}' brings fewer values than its shape {}", name, shape_text(shape)));
    Tensor tensor(spec.type, std::move(shape));
    if (auto filled = is_binary ? take_binary(binary_size, tensor) : take_values(data, tensor); !filled) {
      auto error = std::move(filled).error();
      error.add_context(fmt::format("input '{}'", name));
      return std::unexpected(std::move(error));
    }
    request_.inputs[index] = std::move(tensor);
    return {};
  }

  static std::size_t values_at_most(const element& data, bool has_data) {
    array list;
    if (!has_data || data.get_array().get(list) != simdjson::SUCCESS) return 0;
    std::size_t count = 0;
    for (const element value : list) count += value.is_array() ? values_at_most(value, true) : 1;
    return count;
  }

  Result<void> take_binary(std::uint64_t size, Tensor& tensor) {
    if (size > binary_.size())
      return fail(ErrorCode::invalid,
                  fmt::format("binary_data_size is {}, but only {} bytes follow", size, binary_.size()));
    CICLO_CHECK(read_binary(binary_.substr(0, size), tensor));
    binary_.remove_prefix(size);
    return {};
  }

  static Result<void> take_values(const element& data, Tensor& tensor) {
    if (tensor.type == DataType::float16 || tensor.type == DataType::bfloat16) {
      return fail(ErrorCode::unsupported, fmt::format("{} has no JSON form; send binary data", name_of(tensor.type)));
    }
    std::size_t index = 0;
    CICLO_CHECK(read_values(data, tensor, index, 0));
    if (index != tensor.count())
      return fail(ErrorCode::invalid,
                  fmt::format("{} values, but the shape {} holds {}", index, shape_text(tensor.shape), tensor.count()));
    return {};
  }

  Result<void> read_outputs(const object& root) {
    const bool all_binary = flag(root, "binary_data_output").value_or(false);
    array outputs;
    if (root["outputs"].get_array().get(outputs) == simdjson::SUCCESS) {
      for (const element entry : outputs) {
        object output;
        if (entry.get_object().get(output) != simdjson::SUCCESS)
          return fail(ErrorCode::invalid, "an entry of 'outputs' is no object");
        CICLO_TRY(const auto name, string_member(output, "name", "an entry of 'outputs'"));
        const auto index = index_of(model_.outputs, name);
        if (index == model_.outputs.size()) return unknown_name("output", name, model_.outputs);
        request_.outputs.push_back({index, flag(output, "binary_data").value_or(all_binary)});
      }
    }
    if (request_.outputs.empty()) {
      for (std::size_t i = 0; i < model_.outputs.size(); ++i) request_.outputs.push_back({i, all_binary});
    }
    return {};
  }

  const ModelDescription& model_;
  std::string_view binary_;
  InferRequest request_;
  std::vector<bool> seen_;
};

std::string binary_of(const Tensor& tensor) {
  if (tensor.type != DataType::bytes) return tensor.raw;
  std::string bytes;
  for (const auto& text : tensor.strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
    bytes += text;
  }
  return bytes;
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  append_json(out, key);
  out += ':';
  append_json(out, value);
}

Json specs_as_json(const std::vector<TensorSpec>& specs) {
  auto list = Json::array();
  for (const auto& spec : specs)
    list.push_back({{"name", spec.name}, {"datatype", name_of(spec.type)}, {"shape", spec.shape}});
  return list;
}

}  // namespace

Result<InferRequest> read_infer_request(std::string_view body, std::optional<std::size_t> json_length,
                                        const ModelDescription& model) {
  const auto length = json_length.value_or(body.size());
  if (length > body.size())
    return fail(ErrorCode::invalid,
                fmt::format("Inference-Header-Content-Length is {}, but the body has {} bytes", length, body.size()));
  CICLO_TRY(const auto root, parse_body(body.substr(0, length)));
  object request;
  if (root.get_object().get(request) != simdjson::SUCCESS)
    return fail(ErrorCode::invalid, "the request is no JSON object");
  return InferReader(model, body.substr(length)).read(request);
}

InferAnswer write_infer_answer(const InferRequest& request, const ModelDescription& model,
                               const std::vector<Tensor>& outputs) {
  InferAnswer answer;
  std::string binary;
  auto& json = answer.body;
  json += '{';
  append_text(json, "model_name", model.name);
  json += ',';
  append_text(json, "model_version", model.version);
  if (request.id) {
    json += ',';
    append_text(json, "id", *request.id);
  }
  json += R"(,"outputs":[)";
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    const auto& wanted = request.outputs[i];
    const auto& tensor = outputs[wanted.index];
    json += i == 0 ? "{" : ",{";
    append_text(json, "name", model.outputs[wanted.index].name);
    json += ',';
    append_text(json, "datatype", name_of(tensor.type));
    json += R"(,"shape":)" + shape_text(tensor.shape);
    if (wanted.binary) {
      const auto bytes = binary_of(tensor);
      json += fmt::format(R"(,"parameters":{{"binary_data_size":{}}})", bytes.size());
      binary += bytes;
    } else {
      json += R"(,"data":)";
      append_flat(json, tensor);
    }
    json += '}';
  }
  json += "]}";
  if (std::ranges::any_of(request.outputs, &RequestedOutput::binary)) {
    answer.json_length = json.size();
    json += binary;
  }
  return answer;
}

Json model_metadata(const ModelDescription& model) {
  return Json{{"name", model.name},
              {"versions", Json::array({model.version})},
              {"platform", model.platform},
              {"inputs", specs_as_json(model.inputs)},
              {"outputs", specs_as_json(model.outputs)}};
}

}  // namespace ciclo::scoring
