// Small ONNX models and MLflow model folders for tests, with answers that can be worked out by hand.
//
// Thread safety: pure functions that write files.
#pragma once

#include <filesystem>
#include <string>

namespace ciclo::scoring::testing {

// A folder that is removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& file, const std::string& text);
std::string read_file(const std::filesystem::path& file);

// A softmax regression over raw columns, one input each, of shape [rows,1]:
//   temp (float), wind (double), wet (int64), city (string; "lisbon" counts 1, all else 0)
// Outputs: label (string [rows]: "rain" or "sun"), probabilities (float [rows,2], in that order).
// The score of "sun" is temp - wind - 10*wet + 5*lisbon + `sun_bias`, that of "rain" is 0; NaN counts as 0.
std::string softmax_model(float sun_bias = 0.0F);
// Input x: float [rows,3]; output y: float [rows,1], the sum of the row times `factor`.
std::string matrix_model(float factor = 1.0F);
// Input text: string [rows,1], output echo: string [rows,1], the same.
std::string echo_model();

// An MLflow model folder: MLmodel with the signature of softmax_model, and model.onnx.
void write_softmax_folder(const std::filesystem::path& folder, float sun_bias = 0.0F);

}  // namespace ciclo::scoring::testing
