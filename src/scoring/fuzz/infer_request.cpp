// Bodies of the Open Inference Protocol. The first two bytes give the length of the JSON part; 0xffff: all of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scoring/infer_protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::scoring;  // NOLINT
  if (size < 2) return 0;
  const std::size_t length = data[0] | (static_cast<std::size_t>(data[1]) << 8U);
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  static const ModelDescription model{"m",
                                      "1",
                                      "onnxruntime_onnx",
                                      {{"x", DataType::float32, {-1, 2}}, {"s", DataType::bytes, {-1}}},
                                      {{"x", DataType::float32, {-1, 2}}, {"s", DataType::bytes, {-1}}},
                                      {}};
  const auto request = read_infer_request(body, length == 0xffff ? std::nullopt : std::optional(length), model);
  if (!request) return 0;
  // What was read can be sent back as the answer.
  const auto answer = write_infer_answer(*request, model, request->inputs);
  if (answer.body.empty()) __builtin_trap();
  return 0;
}
