// A softmax regression with its preprocessing as one ONNX graph (opset 17 and ai.onnx.ml 3).
//
// Inputs: one per raw column, named as the column, shape [rows, 1], float, int64 or string by FeatureKind; a missing
// number is NaN, a missing text is "". Outputs: `label` string [rows], `probabilities` float [rows, classes]; the class
// names stand in the model's metadata under "classes" as a JSON array.
// The graph computes in 32-bit floats; it agrees with SoftmaxModel::probabilities to about 1e-6.
//
// Thread safety: a pure function.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "learning/features.hpp"
#include "learning/softmax_regression.hpp"

namespace ciclo::learning {

struct Classifier {
  std::vector<Feature> features;
  std::vector<std::string> labels;
  SoftmaxModel model;
};

// The bytes of a .onnx file.
Result<std::string> to_onnx(const Classifier& classifier);

}  // namespace ciclo::learning
