// What /score answers for the outputs of a graph.
//
// A classifier (first output: one label a row) answers the plain list of labels; a single output its values, nested by
// its shape; several outputs an object {"name": values}.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "scoring/model.hpp"
#include "scoring/rows.hpp"

namespace ciclo::scoring {

void append_predictions(std::string& out, const std::vector<TensorSpec>& specs, const std::vector<Tensor>& outputs);

// Records of raw columns: [{"temp_max":12.8},…]. Tensor models give one record {"input": nested values} a row.
void append_input_records(std::string& out, const InputLayout& layout, const std::vector<Tensor>& inputs);
// Records of outputs: [{"label":"sun","probabilities":[0.9,0.1]},…].
void append_output_records(std::string& out, const std::vector<TensorSpec>& specs, const std::vector<Tensor>& outputs);

}  // namespace ciclo::scoring
