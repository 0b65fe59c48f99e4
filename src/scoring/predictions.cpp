#include "scoring/predictions.hpp"

#include <algorithm>

#include "scoring/json_values.hpp"
#include "scoring/rows.hpp"

namespace ciclo::scoring {
namespace {

bool is_label(const TensorSpec& spec, const Tensor& tensor) {
  const bool discrete = spec.type == DataType::bytes || is_integer(spec.type) || spec.type == DataType::boolean;
  const auto rank = tensor.shape.size();
  return discrete && (rank == 1 || (rank == 2 && tensor.shape[1] == 1));
}

std::size_t rows_of(const std::vector<Tensor>& tensors) {
  std::size_t rows = 0;
  for (const auto& tensor : tensors) {
    if (!tensor.shape.empty()) rows = std::max(rows, static_cast<std::size_t>(tensor.shape[0]));
  }
  return rows;
}

void append_name(std::string& out, const std::string& name, bool first) {
  if (!first) out += ',';
  append_json(out, std::string_view(name));
  out += ':';
}

}  // namespace

void append_predictions(std::string& out, const std::vector<TensorSpec>& specs, const std::vector<Tensor>& outputs) {
  if (outputs.size() == 1 || (!outputs.empty() && is_label(specs[0], outputs[0]))) {
    append_nested(out, outputs[0]);
    return;
  }
  out += '{';
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    append_name(out, specs[i].name, i == 0);
    append_nested(out, outputs[i]);
  }
  out += '}';
}

void append_input_records(std::string& out, const InputLayout& layout, const std::vector<Tensor>& inputs) {
  if (layout.form == InputLayout::Form::tensors) {
    append_output_records(out, layout.inputs, inputs);
    return;
  }
  const auto rows = rows_of(inputs);
  out += '[';
  for (std::size_t row = 0; row < rows; ++row) {
    out += row == 0 ? "{" : ",{";
    for (std::size_t c = 0; c < layout.columns.size(); ++c) {
      append_name(out, layout.columns[c].name, c == 0);
      const auto& place = layout.places[c];
      append_element(out, inputs[place.tensor], row * place.stride + place.offset);
    }
    out += '}';
  }
  out += ']';
}

void append_output_records(std::string& out, const std::vector<TensorSpec>& specs, const std::vector<Tensor>& outputs) {
  const auto rows = rows_of(outputs);
  out += '[';
  for (std::size_t row = 0; row < rows; ++row) {
    out += row == 0 ? "{" : ",{";
    bool first = true;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      // An output without a batch dimension belongs to no row.
      if (outputs[i].shape.empty() || static_cast<std::size_t>(outputs[i].shape[0]) != rows) continue;
      append_name(out, specs[i].name, first);
      first = false;
      append_row(out, outputs[i], row);
    }
    out += '}';
  }
  out += ']';
}

}  // namespace ciclo::scoring
