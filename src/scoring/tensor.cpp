#include "scoring/tensor.hpp"

#include <array>

namespace ciclo::scoring {
namespace {

struct TypeFacts {
  std::string_view name;
  std::size_t size;
  std::string_view words;
};

constexpr std::array<TypeFacts, 14> type_facts{{{"BOOL", 1, "true or false"},
                                                {"UINT8", 1, "a whole number"},
                                                {"UINT16", 2, "a whole number"},
                                                {"UINT32", 4, "a whole number"},
                                                {"UINT64", 8, "a whole number"},
                                                {"INT8", 1, "a whole number"},
                                                {"INT16", 2, "a whole number"},
                                                {"INT32", 4, "a whole number"},
                                                {"INT64", 8, "a whole number"},
                                                {"FP16", 2, "a number"},
                                                {"FP32", 4, "a number"},
                                                {"FP64", 8, "a number"},
                                                {"BF16", 2, "a number"},
                                                {"BYTES", 0, "a string"}}};

const TypeFacts& facts(DataType type) {
  return type_facts[static_cast<std::size_t>(type)];
}

constexpr std::size_t max_elements = 1ULL << 31U;

}  // namespace

std::string_view name_of(DataType type) {
  return facts(type).name;
}

std::optional<DataType> data_type_of(std::string_view oip_name) {
  for (std::size_t i = 0; i < type_facts.size(); ++i) {
    if (type_facts[i].name == oip_name) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

std::size_t size_of(DataType type) {
  return facts(type).size;
}
bool is_integer(DataType type) {
  return type >= DataType::uint8 && type <= DataType::int64;
}
bool is_floating(DataType type) {
  return type >= DataType::float16 && type <= DataType::bfloat16;
}
std::string_view describe(DataType type) {
  return facts(type).words;
}

std::optional<std::size_t> element_count(const Shape& shape) {
  std::size_t count = 1;
  for (const auto dimension : shape) {
    if (dimension < 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(dimension);
    if (size != 0 && count > max_elements / size) return std::nullopt;
    count *= size;
  }
  return count;
}

Tensor::Tensor(DataType t, Shape s) : type(t), shape(std::move(s)) {
  const auto elements = element_count(shape).value_or(0);
  if (type == DataType::bytes) {
    strings.resize(elements);
  } else {
    raw.resize(elements * size_of(type));
  }
}

bool fits(const Shape& shape, const TensorSpec& spec) {
  if (shape.size() != spec.shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (spec.shape[i] >= 0 && spec.shape[i] != shape[i]) return false;
  }
  return true;
}

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace ciclo::scoring
