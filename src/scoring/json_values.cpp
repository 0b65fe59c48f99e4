#include "scoring/json_values.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/json.hpp"

namespace ciclo::scoring {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

template <class T>
bool store_floating(Tensor& tensor, std::size_t index, const element& value) {
  T& to = tensor.values<T>()[index];
  switch (value.type()) {
    case element_type::DOUBLE: to = static_cast<T>(value.get_double().value_unsafe()); return true;
    case element_type::INT64: to = static_cast<T>(value.get_int64().value_unsafe()); return true;
    case element_type::UINT64: to = static_cast<T>(value.get_uint64().value_unsafe()); return true;
    case element_type::BOOL: to = value.get_bool().value_unsafe() ? T{1} : T{0}; return true;
    case element_type::NULL_VALUE: to = std::numeric_limits<T>::quiet_NaN(); return true;
    default: return false;
  }
}

template <class T>
bool store_integer(Tensor& tensor, std::size_t index, const element& value) {
  T& to = tensor.values<T>()[index];
  switch (value.type()) {
    case element_type::INT64: {
      const auto number = value.get_int64().value_unsafe();
      if (!std::in_range<T>(number)) return false;
      to = static_cast<T>(number);
      return true;
    }
    case element_type::UINT64: {
      const auto number = value.get_uint64().value_unsafe();
      if (!std::in_range<T>(number)) return false;
      to = static_cast<T>(number);
      return true;
    }
    case element_type::DOUBLE: {
      // pandas writes whole numbers of a column that once held a gap as 3.0.
      const auto number = value.get_double().value_unsafe();
      constexpr double limit = 9'007'199'254'740'992.0;  // 2^53: beyond it a double names no single whole number
      if (number != std::floor(number) || std::abs(number) > limit ||
          !std::in_range<T>(static_cast<std::int64_t>(number)))
        return false;
      to = static_cast<T>(number);
      return true;
    }
    case element_type::BOOL: to = value.get_bool().value_unsafe() ? T{1} : T{0}; return true;
    default: return false;
  }
}

bool store_boolean(Tensor& tensor, std::size_t index, const element& value) {
  std::int64_t number = -1;
  if (value.type() == element_type::BOOL) number = value.get_bool().value_unsafe() ? 1 : 0;
  if (value.type() == element_type::INT64) number = value.get_int64().value_unsafe();
  if (number != 0 && number != 1) return false;
  tensor.raw[index] = static_cast<char>(number);
  return true;
}

bool store_string(Tensor& tensor, std::size_t index, const element& value) {
  if (value.type() == element_type::NULL_VALUE) {
    tensor.strings[index].clear();
    return true;
  }
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  tensor.strings[index].assign(text);
  return true;
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 40> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

template <class T>
void append_floating(std::string& out, T value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const auto start = out.size();
  append_number(out, value);
  // "1" becomes "1.0": a reader that infers types sees one type in the whole column.
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

float from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 0x1F;
  const int fraction = bits & 0x3FF;
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  if (exponent == 31)
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

float from_brain(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

void append_block(std::string& out, const Tensor& tensor, std::size_t dimension, std::size_t& index) {
  auto last = tensor.shape.size();
  while (last > 1 && tensor.shape[last - 1] == 1) --last;
  if (dimension >= last) {
    append_element(out, tensor, index++);
    return;
  }
  out += '[';
  for (std::int64_t i = 0; i < tensor.shape[dimension]; ++i) {
    if (i > 0) out += ',';
    append_block(out, tensor, dimension + 1, index);
  }
  out += ']';
}

// The parser's buffers are kept between requests, which saves two allocations on each.
simdjson::dom::parser& parser_of_thread() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

}  // namespace

bool store(Tensor& tensor, std::size_t index, const element& value) {
  switch (tensor.type) {
    case DataType::float32: return store_floating<float>(tensor, index, value);
    case DataType::float64: return store_floating<double>(tensor, index, value);
    case DataType::int64: return store_integer<std::int64_t>(tensor, index, value);
    case DataType::int32: return store_integer<std::int32_t>(tensor, index, value);
    case DataType::int16: return store_integer<std::int16_t>(tensor, index, value);
    case DataType::int8: return store_integer<std::int8_t>(tensor, index, value);
    case DataType::uint64: return store_integer<std::uint64_t>(tensor, index, value);
    case DataType::uint32: return store_integer<std::uint32_t>(tensor, index, value);
    case DataType::uint16: return store_integer<std::uint16_t>(tensor, index, value);
    case DataType::uint8: return store_integer<std::uint8_t>(tensor, index, value);
    case DataType::boolean: return store_boolean(tensor, index, value);
    case DataType::bytes: return store_string(tensor, index, value);
    case DataType::float16:
    case DataType::bfloat16: return false;  // no JSON form in the protocol
  }
  return false;
}

bool store_missing(Tensor& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::float32: tensor.values<float>()[index] = std::numeric_limits<float>::quiet_NaN(); return true;
    case DataType::float64: tensor.values<double>()[index] = std::numeric_limits<double>::quiet_NaN(); return true;
    case DataType::bytes: tensor.strings[index].clear(); return true;
    default: return false;
  }
}

std::string describe_value(const element& value) {
  switch (value.type()) {
    case element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      return text.size() <= 40 ? fmt::format("the string '{}'", text) : "a string";
    }
    case element_type::NULL_VALUE: return "null";
    case element_type::ARRAY: return "a list";
    case element_type::OBJECT: return "an object";
    case element_type::BOOL: return value.get_bool().value_unsafe() ? "true" : "false";
    case element_type::DOUBLE: return fmt::format("{}", value.get_double().value_unsafe());
    case element_type::INT64: return fmt::format("{}", value.get_int64().value_unsafe());
    case element_type::UINT64: return fmt::format("{}", value.get_uint64().value_unsafe());
  }
  return "something else";
}

Result<element> parse_body(std::string_view body) {
  if (body.empty()) return fail(ErrorCode::invalid, "the body is empty; JSON was expected");
  element root;
  if (const auto error = parser_of_thread().parse(body.data(), body.size(), true).get(root);
      error != simdjson::SUCCESS) {
    return fail(ErrorCode::invalid, fmt::format("the body is no valid JSON: {}", simdjson::error_message(error)), {},
                body.find("NaN") != std::string_view::npos ? "write null for missing numbers; NaN is no JSON" : "");
  }
  return root;
}

void append_json(std::string& out, double value) {
  append_floating(out, value);
}
void append_json(std::string& out, float value) {
  append_floating(out, value);
}

void append_json(std::string& out, std::string_view value) {
  bool plain = true;
  for (const char c : value)
    plain =
        plain && static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' && c != '\\';
  if (!plain) {
    out += to_text(Json(std::string(value)));
    return;
  }
  out += '"';
  out += value;
  out += '"';
}

void append_element(std::string& out, const Tensor& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::float32: append_floating(out, tensor.values<float>()[index]); break;
    case DataType::float64: append_floating(out, tensor.values<double>()[index]); break;
    case DataType::int64: append_number(out, tensor.values<std::int64_t>()[index]); break;
    case DataType::int32: append_number(out, tensor.values<std::int32_t>()[index]); break;
    case DataType::int16: append_number(out, tensor.values<std::int16_t>()[index]); break;
    case DataType::int8: append_number(out, static_cast<int>(tensor.values<std::int8_t>()[index])); break;
    case DataType::uint64: append_number(out, tensor.values<std::uint64_t>()[index]); break;
    case DataType::uint32: append_number(out, tensor.values<std::uint32_t>()[index]); break;
    case DataType::uint16: append_number(out, tensor.values<std::uint16_t>()[index]); break;
    case DataType::uint8: append_number(out, static_cast<unsigned>(tensor.values<std::uint8_t>()[index])); break;
    case DataType::boolean: out += tensor.raw[index] != 0 ? "true" : "false"; break;
    case DataType::bytes: append_json(out, std::string_view(tensor.strings[index])); break;
    case DataType::float16: append_floating(out, from_half(tensor.values<std::uint16_t>()[index])); break;
    case DataType::bfloat16: append_floating(out, from_brain(tensor.values<std::uint16_t>()[index])); break;
  }
}

void append_flat(std::string& out, const Tensor& tensor) {
  out += '[';
  const auto count = tensor.count();
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_element(out, tensor, i);
  }
  out += ']';
}

void append_nested(std::string& out, const Tensor& tensor) {
  std::size_t index = 0;
  append_block(out, tensor, 0, index);
}

void append_row(std::string& out, const Tensor& tensor, std::size_t row) {
  const auto rows = tensor.shape.empty() ? 1 : static_cast<std::size_t>(tensor.shape[0]);
  const auto width = rows == 0 ? 0 : tensor.count() / rows;
  if (width == 1) {
    append_element(out, tensor, row);
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < width; ++i) {
    if (i > 0) out += ',';
    append_element(out, tensor, row * width + i);
  }
  out += ']';
}

}  // namespace ciclo::scoring
