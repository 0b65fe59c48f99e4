// ciclo_scoring_test_models <folder>: writes the test models below it, for benchmarks and tests by real clients.
#include <cstdio>

#include "scoring/testing/test_models.hpp"

int main(int count, char** values) {
  if (count != 2) {
    std::fputs("usage: ciclo_scoring_test_models <folder>\n", stderr);
    return 2;
  }
  const std::filesystem::path folder(values[1]);
  ciclo::scoring::testing::write_softmax_folder(folder / "softmax");
  ciclo::scoring::testing::write_file(folder / "matrix.onnx", ciclo::scoring::testing::matrix_model());
  ciclo::scoring::testing::write_file(folder / "echo.onnx", ciclo::scoring::testing::echo_model());
  return 0;
}
