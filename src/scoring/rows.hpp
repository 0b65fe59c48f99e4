// Reads the body of a /score or /invocations request into the tensors that a model takes.
//
// Accepted, as Azure ML's no-code deployments and MLflow's own server accept them (docs/formats/scorer-config.md):
//   {"input_data": {"columns": [...], "index": [...], "data": [[...]]}}      also "dataframe_split"
//   {"input_data": [[...]]} or [{...}], {"data": ...}, {"instances": ...}, {"dataframe_records": ...}, or a bare list
//   {"inputs": {"column": [...]}} or a nested list
// null is NaN in floating columns and "" in string columns; it is an error elsewhere. Columns that the model does not
// know are ignored, as MLflow does, unless one that it needs is missing: then the nearest is named.
//
// Thread safety: RowReader is for one request; InputLayout is a plain value.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "scoring/model.hpp"

namespace ciclo::scoring {

// How raw columns fall into the model's inputs.
struct InputLayout {
  enum class Form : std::uint8_t {
    columns,  // one input of shape [-1] or [-1,1] for each raw column
    matrix,   // one input of shape [-1,n]: n raw columns beside each other
    tensors,  // anything else: only whole tensors are taken
  };
  // Element `row * stride + offset` of tensor `tensor`.
  struct Place {
    std::size_t tensor = 0;
    std::size_t stride = 1;
    std::size_t offset = 0;
  };

  Form form = Form::tensors;
  std::vector<TensorSpec> inputs;
  std::vector<Column> columns;  // in the order of positional rows
  std::vector<Place> places;    // one a column
};

// `signature`: the columns of the model's signature, or none; gives names, order and `required`, the graph the types.
// Fails with invalid when the signature names columns that the graph does not have.
Result<InputLayout> make_layout(std::vector<TensorSpec> inputs, const std::vector<Column>& signature);

// The tensors, one for each of layout.inputs, all with the same number of rows (at least one).
Result<std::vector<Tensor>> read_rows(std::string_view body, const InputLayout& layout);

}  // namespace ciclo::scoring
