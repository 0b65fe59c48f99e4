// JSON values into elements of tensors, and back. Shared by every protocol, so that 3.0, "x" and null mean the same in
// each of them.
//
// Thread safety: pure functions, but for parse_body (see there).
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "scoring/tensor.hpp"

namespace ciclo::scoring {

// Stores one value as element `index`. False when it has the wrong type or does not fit; nothing is stored then.
bool store(Tensor& tensor, std::size_t index, const simdjson::dom::element& value);

// Stores the missing value of the type: NaN or "". False when the type has none.
bool store_missing(Tensor& tensor, std::size_t index);

// What a value is, for messages: "the string 'abc'", "null", "a list".
std::string describe_value(const simdjson::dom::element& value);

// Parses a body. The document belongs to the calling thread's parser and holds until its next call. Fails with invalid.
Result<simdjson::dom::element> parse_body(std::string_view body);

// Appending JSON text. NaN and infinities become null. Invalid UTF-8 becomes U+FFFD.
void append_json(std::string& out, double value);
void append_json(std::string& out, float value);
void append_json(std::string& out, std::string_view value);
void append_element(std::string& out, const Tensor& tensor, std::size_t index);
// All elements: flat, or nested by the shape with trailing dimensions of 1 left out.
void append_flat(std::string& out, const Tensor& tensor);
void append_nested(std::string& out, const Tensor& tensor);
// The elements of one row (the first dimension) as a value or a list.
void append_row(std::string& out, const Tensor& tensor, std::size_t row);

}  // namespace ciclo::scoring
