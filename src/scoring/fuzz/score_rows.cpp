// Bodies of /score against a model of columns, one of a matrix and one of tensors.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scoring/predictions.hpp"
#include "scoring/rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::scoring;  // NOLINT
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  static const std::vector<InputLayout> layouts{
      *make_layout({{"temp", DataType::float32, {-1, 1}},
                    {"wet", DataType::int64, {-1}},
                    {"city", DataType::bytes, {-1, 1}},
                    {"on", DataType::boolean, {-1, 1}}},
                   {{"city", DataType::bytes, false},
                    {"temp", DataType::float32},
                    {"wet", DataType::int64},
                    {"on", DataType::boolean}}),
      *make_layout({{"x", DataType::float64, {-1, 3}}}, {}),
      *make_layout({{"image", DataType::uint8, {-1, 2, 2}}}, {}),
  };
  for (const auto& layout : layouts) {
    const auto tensors = read_rows(body, layout);
    if (!tensors) continue;
    std::string json;
    append_input_records(json, layout, *tensors);
    if (json.empty()) __builtin_trap();
  }
  return 0;
}
