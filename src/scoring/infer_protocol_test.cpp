#include "scoring/infer_protocol.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace ciclo::scoring {
namespace {

ModelDescription model() {
  ModelDescription description;
  description.name = "m";
  description.version = "2";
  description.platform = "onnxruntime_onnx";
  description.inputs = {{"x", DataType::float32, {-1, 2}}, {"s", DataType::bytes, {-1}}};
  description.outputs = {{"label", DataType::bytes, {-1}}, {"p", DataType::float32, {-1, 2}}};
  return description;
}

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  return bytes;
}

TEST(InferProtocolTest, ReadsFlatAndNestedJson) {
  for (const std::string data : {"[1,2,3,4]", "[[1,2],[3,4]]"}) {
    const auto request = read_infer_request(
        R"({"id":"7","inputs":[{"name":"s","shape":[2],"datatype":"BYTES","data":["a","b"]},{"name":"x","shape":[2,2],"datatype":"FP32","data":)" +
            data + R"(}],"outputs":[{"name":"p"}]})",
        std::nullopt, model());
    ASSERT_TRUE(request) << request.error().text();
    EXPECT_EQ(request->id, "7");
    EXPECT_EQ(request->inputs[0].raw, floats({1, 2, 3, 4}));
    EXPECT_EQ(request->inputs[1].strings, (std::vector<std::string>{"a", "b"}));
    ASSERT_EQ(request->outputs.size(), 1U);
    EXPECT_EQ(request->outputs[0].index, 1U);
    EXPECT_FALSE(request->outputs[0].binary);
  }
}

TEST(InferProtocolTest, ReadsBinaryTensorsInTheOrderOfTheInputs) {
  const std::string json =
      R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"s","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":6}},)"
      R"({"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}]})";
  const std::string body = json + std::string("\2\0\0\0hi", 6) + floats({0.5F, 1.5F});
  const auto request = read_infer_request(body, json.size(), model());
  ASSERT_TRUE(request) << request.error().text();
  EXPECT_EQ(request->inputs[0].raw, floats({0.5F, 1.5F}));
  EXPECT_EQ(request->inputs[1].strings, std::vector<std::string>{"hi"});
  ASSERT_EQ(request->outputs.size(), 2U);
  EXPECT_TRUE(request->outputs[0].binary && request->outputs[1].binary);
}

TEST(InferProtocolTest, RefusesWhatDoesNotFit) {
  const auto expect = [](const std::string& inputs, std::string_view words, ErrorCode code = ErrorCode::invalid) {
    const auto request = read_infer_request(R"({"inputs":[)" + inputs + "]}", std::nullopt, model());
    ASSERT_FALSE(request) << inputs;
    EXPECT_EQ(request.error().code, code);
    EXPECT_NE(request.error().text().find(words), std::string::npos) << request.error().text();
  };
  const std::string s = R"(,{"name":"s","shape":[1],"datatype":"BYTES","data":["a"]})";
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]})", "the input 's' is missing");
  expect(R"({"name":"xx","shape":[1,2],"datatype":"FP32","data":[1,2]})" + s,
         "the model has no input 'xx' (the nearest is 'x')");
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP64","data":[1,2]})" + s, "has datatype FP64, expected FP32");
  expect(R"({"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]})" + s, "has shape [1,3], expected [-1,2]");
  expect(R"({"name":"x","shape":[2],"datatype":"FP32","data":[1,2]})" + s, "has shape [2], expected [-1,2]");
  expect(R"({"name":"x","shape":[-1,2],"datatype":"FP32","data":[1,2]})" + s, "no list of whole numbers");
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1]})" + s, "brings fewer values than its shape");
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2,3]})" + s, "more values than the shape");
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,"b"]})" + s,
         "element 1: expected a number, got the string 'b'");
  expect(R"({"name":"x","shape":[1000000000,2],"datatype":"FP32","data":[1]})" + s,
         "brings fewer values than its shape");
  expect(R"({"name":"x","shape":[4611686018427387904,2],"datatype":"FP32","data":[1]})" + s,
         "brings fewer values than its shape");
  expect(R"({"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}})" + s,
         "brings fewer values");
  expect(R"({"name":"x","shape":[0,2],"datatype":"FP32"})" + s, "input 'x' has no 'data'");
  const std::string good = R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]})";
  expect(good + "," + good + s, "stands twice");
  EXPECT_FALSE(read_infer_request("{}", 10, model()));
  EXPECT_FALSE(read_infer_request("{}abc", 2, model()));
}

TEST(InferProtocolTest, RefusesBrokenBinaryStrings) {
  for (const std::string& bytes :
       {std::string("\2\0\0", 3), std::string("\5\0\0\0hi", 6), std::string("\1\0\0\0hi", 6)}) {
    const std::string json =
        R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"s","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":)" +
        std::to_string(bytes.size()) + "}}]}";
    EXPECT_FALSE(read_infer_request(json + bytes, json.size(), model()));
  }
}

TEST(InferProtocolTest, WritesJsonAndBinaryInOneAnswer) {
  InferRequest request;
  request.id = "7";
  request.outputs = {{1, false}, {0, true}};
  std::vector<Tensor> outputs;
  outputs.emplace_back(DataType::bytes, Shape{1});
  outputs[0].strings = {"sun"};
  outputs.emplace_back(DataType::float32, Shape{1, 2});
  outputs[1].raw = floats({0.25F, 0.75F});
  const auto answer = write_infer_answer(request, model(), outputs);
  const std::string json =
      R"({"model_name":"m","model_version":"2","id":"7","outputs":[{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.25,0.75]},)"
      R"({"name":"label","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":7}}]})";
  EXPECT_EQ(answer.body, json + std::string("\3\0\0\0sun", 7));
  EXPECT_EQ(answer.json_length, json.size());
}

}  // namespace
}  // namespace ciclo::scoring
