#include "scoring/onnx_model.hpp"

#include <gtest/gtest.h>

#include "scoring/model_folder.hpp"
#include "scoring/testing/test_models.hpp"

namespace ciclo::scoring {
namespace {

class OnnxModelTest : public ::testing::Test {
 protected:
  std::shared_ptr<OnnxModel> load(const std::string& bytes, std::vector<Column> columns = {}) {
    const auto file = folder_.path() / "model.onnx";
    testing::write_file(file, bytes);
    auto model = OnnxModel::load(runtime_, {file, std::move(columns), "weather", "3"});
    EXPECT_TRUE(model) << (model ? "" : model.error().text());
    return model ? *model : nullptr;
  }
  std::shared_ptr<OnnxModel> load_folder() {
    testing::write_softmax_folder(folder_.path() / "model");
    const auto folder = read_model_folder(folder_.path() / "model");
    EXPECT_TRUE(folder) << (folder ? "" : folder.error().text());
    auto model = OnnxModel::load(runtime_, {folder->onnx_file, folder->columns, "weather", "3"});
    EXPECT_TRUE(model) << (model ? "" : model.error().text());
    return model ? *model : nullptr;
  }
  static std::string score(OnnxModel& model, std::string_view body) {
    auto answer = model.score({body});
    return answer ? answer->body : answer.error().text();
  }

  testing::TemporaryFolder folder_;
  OnnxRuntime runtime_;
};

TEST_F(OnnxModelTest, AnswersEveryFormOfRowsAlike) {
  const auto model = load_folder();
  const std::vector<std::string> bodies{
      R"({"input_data":{"columns":["temp","wind","wet","city"],"index":[0,1],"data":[[20.5,3,0,"porto"],[1,3.5,1,"porto"]]}})",
      R"({"dataframe_split":{"data":[[3,0,"porto",20.5],[3.5,1,"porto",1]],"columns":["wind","wet","city","temp"]}})",
      R"({"input_data":[["porto",20.5,3,0],["porto",1,3.5,1]]})",
      R"([["porto",20.5,3,0],["porto",1,3.5,1.0]])",
      R"({"data":[["porto",20.5,3,0],["porto",1,3.5,1]],"params":{}})",
      R"({"instances":[{"temp":20.5,"wind":3,"wet":0,"city":"porto"},{"temp":1,"wind":3.5,"wet":1,"city":"porto"}]})",
      R"({"dataframe_records":[{"city":"porto","wet":false,"wind":3,"temp":20.5},{"temp":1,"wind":3.5,"wet":true,"city":"porto"}]})",
      R"({"inputs":{"temp":[20.5,1],"wind":[3,3.5],"wet":[0,1],"city":["porto","porto"]}})",
      R"({"inputs":{"temp":[[20.5],[1]],"wind":[[3],[3.5]],"wet":[[0],[1]],"city":[["porto"],["porto"]]}})",
      R"({"input_data":{"temp":[20.5,1],"wind":[3,3.5],"wet":[0,1]}})"};
  for (const auto& body : bodies) EXPECT_EQ(score(*model, body), R"(["sun","rain"])") << body;
}

TEST_F(OnnxModelTest, MissingValuesAreNanAndEmpty) {
  const auto model = load_folder();
  // Without temperature and wind only the city is left: 5 for Lisbon.
  EXPECT_EQ(score(*model, R"({"data":[["lisbon",null,null,0],[null,null,1,0]]})"), R"(["sun","rain"])");
}

TEST_F(OnnxModelTest, SaysWhatIsWrongWithARequest) {
  const auto model = load_folder();
  const auto expect = [&](std::string_view body, std::string_view words) {
    const auto answer = model->score({body});
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid) << body;
    EXPECT_NE(answer.error().text().find(words), std::string::npos) << answer.error().text();
  };
  expect(R"({"data":[["porto",1,2,0],["porto","hot",2,0]]})",
         "column 'temp', row 1: expected a number, got the string 'hot'");
  expect(R"({"data":[["porto",1,2,0.5]]})", "column 'wet', row 0: expected a whole number, got 0.5");
  expect(R"({"data":[["porto",1,2,null]]})", "column 'wet', row 0: expected a whole number, got null");
  expect(R"({"data":[[7,1,2,0]]})", "column 'city', row 0: expected a string, got 7");
  expect(R"({"data":[[1,2,0]]})", "row 0 has 3 values, but the model has 4 columns");
  expect(R"({"data":[["porto",1,2,0],["porto",1,2]]})", "row 1 has 3 values");
  expect(R"({"input_data":{"columns":["temps","wind","wet"],"data":[[1,2,0]]}})",
         "the column 'temp' is missing (the request has 'temps')");
  expect(R"({"instances":[{"tmp":1,"wind":2,"wet":0}]})", "the column 'temp' is missing (the request has 'tmp')");
  expect(R"({"instances":[{"temp":1,"wind":2,"wet":0},{"wind":2,"wet":0}]})", "column 'temp' is missing in row 1");
  expect(R"({"imput_data":[[1]]})", "did you mean 'input_data'");
  expect(R"({"inputs":{"temp":[1,2],"wind":[1],"wet":[1]}})", "column 'wind' has 1 values, others have 2");
  expect(R"({"data":[]})", "there are no rows");
  expect("", "the body is empty");
  expect(R"({"data":[[NaN]]})", "write null");
  expect("[1,", "no valid JSON");
  expect("5", "expected a list of rows, got 5");
}

TEST_F(OnnxModelTest, IgnoresColumnsThatTheModelDoesNotKnow) {
  const auto model = load_folder();
  EXPECT_EQ(
      score(*model, R"({"input_data":{"columns":["date","temp","wind","wet"],"data":[["2012-01-01",20.5,3,0]]}})"),
      R"(["sun"])");
  EXPECT_EQ(score(*model, R"([{"date":"2012-01-01","temp":20.5,"wind":3,"wet":0}])"), R"(["sun"])");
}

TEST_F(OnnxModelTest, AnswersAMatrixWithoutNames) {
  const auto model = load(testing::matrix_model(0.5F));
  EXPECT_EQ(score(*model, R"({"input_data":[[1,2,3],[4,5,6.5]]})"), "[3.0,7.75]");
  EXPECT_EQ(score(*model, R"({"input_data":{"columns":["2","1","0"],"data":[[1,2,3]]}})"), "[3.0]");
  EXPECT_NE(score(*model, R"({"input_data":[[1,2]]})").find("has 3 columns"), std::string::npos);
}

TEST_F(OnnxModelTest, KeepsStringsWholeWithZerosAndEmoji) {
  const auto model = load(testing::echo_model());
  EXPECT_EQ(score(*model, R"({"data":["a\u0000b","","😀\n"]})"), R"(["a\u0000b","","😀\n"])");
}

TEST_F(OnnxModelTest, RefusesASignatureThatIsNotTheGraphs) {
  const auto file = folder_.path() / "model.onnx";
  testing::write_file(file, testing::softmax_model());
  auto model = OnnxModel::load(
      runtime_, {file, {{"temperature", DataType::float32}, {"wind", DataType::float64}}, "weather", "1"});
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().text().find("the graph has no input of that name"), std::string::npos)
      << model.error().text();
}

TEST_F(OnnxModelTest, RefusesFilesThatAreNoModel) {
  const auto file = folder_.path() / "model.onnx";
  EXPECT_EQ(OnnxModel::load(runtime_, {file, {}, "m", "1"}).error().code, ErrorCode::not_found);
  testing::write_file(file, "not a model");
  EXPECT_EQ(OnnxModel::load(runtime_, {file, {}, "m", "1"}).error().code, ErrorCode::invalid);
}

TEST_F(OnnxModelTest, KeepsTheExchangeOnlyWhenAsked) {
  const auto model = load_folder();
  const std::string_view body = R"({"data":[["porto",20.5,null,0]]})";
  EXPECT_EQ(model->score({body})->exchange, nullptr);
  const auto answer = model->score({.body = body, .keep_exchange = true});
  std::string inputs;
  answer->exchange->append_inputs(inputs);
  EXPECT_EQ(inputs, R"([{"city":"porto","temp":20.5,"wind":null,"wet":0}])");
  std::string outputs;
  answer->exchange->append_outputs(outputs);
  EXPECT_TRUE(outputs.starts_with(R"([{"label":"sun","probabilities":[)")) << outputs;
}

TEST(ModelFolderTest, NamesTheLineOfAMalformedFile) {
  const auto folder = parse_model_file("flavors:\n  onnx: [\n", "m/MLmodel");
  ASSERT_FALSE(folder);
  EXPECT_TRUE(folder.error().target.starts_with("m/MLmodel:")) << folder.error().text();
  EXPECT_EQ(read_model_folder("/nonexistent").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ciclo::scoring
