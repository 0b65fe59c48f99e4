// Tensors as they travel between the wire and a model, and how both describe them.
//
// Numbers lie in `raw` in the machine's (little-endian) order, row by row, exactly as the binary extension of the Open
// Inference Protocol sends them and as ONNX Runtime reads them: neither side converts. Strings lie in `strings`.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::scoring {

// The types of the Open Inference Protocol.
enum class DataType : std::uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  float32,
  float64,
  bfloat16,
  bytes
};

// "FP32", "BYTES", …
std::string_view name_of(DataType type);
std::optional<DataType> data_type_of(std::string_view oip_name);
// Bytes of one element; 0 for DataType::bytes.
std::size_t size_of(DataType type);
bool is_integer(DataType type);
bool is_floating(DataType type);
// What a person would call a value of this type: "a whole number", "a number", "a string", "true or false".
std::string_view describe(DataType type);

using Shape = std::vector<std::int64_t>;

// Elements of a shape; nothing when a dimension is negative or the product exceeds 2^31 elements.
std::optional<std::size_t> element_count(const Shape& shape);

struct Tensor {
  DataType type = DataType::float32;
  Shape shape;
  std::string raw;
  std::vector<std::string> strings;

  Tensor() = default;
  // Zeros or empty strings. `shape` must have an element_count().
  Tensor(DataType type, Shape shape);

  std::size_t count() const { return type == DataType::bytes ? strings.size() : raw.size() / size_of(type); }
  // `T` must be the element type: nothing is converted.
  template <class T>
  std::span<T> values() {
    return {reinterpret_cast<T*>(raw.data()), raw.size() / sizeof(T)};
  }
  template <class T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T)};
  }
};

// An input or output of a model; -1 is a dimension of any size.
struct TensorSpec {
  std::string name;
  DataType type = DataType::float32;
  Shape shape;
};

// Whether a shape has the rank and the fixed dimensions of a spec.
bool fits(const Shape& shape, const TensorSpec& spec);
std::string shape_text(const Shape& shape);  // "[-1,4]"

}  // namespace ciclo::scoring
