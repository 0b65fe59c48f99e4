// The steps as a pipeline runs them, on data with a known answer and without a tracking server.
#include "learning/steps.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/ids.hpp"
#include "base/yaml.hpp"
#include "learning/classification_metrics.hpp"
#include "learning/features.hpp"
#include "learning/mlflow_model.hpp"
#include "learning/onnx_classifier.hpp"
#include "learning/step_data.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;

// Remembers what was logged.
class RememberingLog final : public RunLog {
 public:
  Result<void> parameters(const Parameters& values) override {
    for (const auto& [key, value] : values) parameters_[key] = value;
    return {};
  }
  Result<void> tags(const Parameters&) override { return {}; }
  Result<void> metrics(const Metrics& values, std::int64_t) override {
    for (const auto& [key, value] : values) metrics_[key] = value;
    return {};
  }
  Result<void> series(const std::string& metric, const std::vector<double>& values) override {
    series_[metric] = values;
    return {};
  }
  Result<void> artifact(const fs::path& file, const std::string& path) override {
    artifacts_[path] = fs::exists(file);
    return {};
  }
  std::map<std::string, std::string> parameters_;
  std::map<std::string, double> metrics_;
  std::map<std::string, std::vector<double>> series_;
  std::map<std::string, bool> artifacts_;
};

class StepsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ciclo-learn-" + random_hex(8));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Three classes around (0,0), (4,0), (0,4) with the colour as a hint, a tenth of the numbers and colours missing.
  fs::path blobs(const std::string& name, unsigned seed, int rows = 600) {
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0.0, 1.0);
    std::ofstream out(folder_ / name);
    out << "id,x,y,count,colour,kind\n";
    for (int i = 0; i < rows; ++i) {
      const int kind = i % 3;
      const std::string x = random() % 10 == 0 ? "" : std::to_string((kind == 1 ? 4.0 : 0.0) + noise(random));
      const std::string colour = random() % 10 == 0 ? "" : kind == 2 ? "it's \"blue\"" : "red";
      out << i << ',' << x << ',' << (kind == 2 ? 4.0 : 0.0) + noise(random) << ',' << random() % 5 << ','
          << (colour.size() > 3 ? "\"it's \"\"blue\"\"\"" : colour) << ',' << "abc"[kind] << '\n';
    }
    return folder_ / name;
  }
  void run(const Result<void>& result) { ASSERT_TRUE(result) << result.error().text(); }
  TrainSettings train_settings(const fs::path& data, const std::string& model) {
    TrainSettings settings;
    settings.data = data;
    settings.model = folder_ / model;
    settings.target = "kind";
    settings.exclude = {"id"};
    return settings;
  }
  std::string text(const fs::path& file) { return *read_file(file, 1U << 20U); }

  fs::path folder_;
  RememberingLog log_;
  FakeClock clock_;
  StepContext context_{log_, clock_, [](const std::string&) {}, nullptr, "0123456789abcdef0123456789abcdef"};
};

TEST_F(StepsTest, SplitsAreDeterministicCompleteAndDisjoint) {
  PrepSettings prep;
  prep.data = {blobs("a.csv", 1)};
  prep.where = "y > -100 -- all of them";
  prep.split = SplitKind::stratified;
  prep.split_column = "kind";
  prep.format = "csv";
  for (const std::string name : {"1", "2"}) {
    prep.train = folder_ / ("train" + name);
    prep.test = folder_ / ("test" + name);
    run(prepare(prep, context_));
  }
  EXPECT_EQ(text(folder_ / "train1/data.csv"), text(folder_ / "train2/data.csv"));
  EXPECT_EQ(log_.metrics_["train_rows"], 450);
  EXPECT_EQ(log_.metrics_["test_rows"], 150);
  std::map<std::string, int> ids;
  std::map<std::string, int> kinds;
  for (const std::string name : {"train1", "test1"}) {
    const duckdb::Table table = *read_table(folder_ / name);
    for (std::size_t row = 0; row < table.rows; ++row) {
      ++ids[table.find("id")->text(row)];
      if (name == "test1") ++kinds[table.find("kind")->text(row)];
    }
  }
  EXPECT_EQ(ids.size(), 600U);
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"a", 50}, {"b", 50}, {"c", 50}}));

  prep.seed = 43;
  prep.train = folder_ / "train3";
  prep.test = folder_ / "test3";
  run(prepare(prep, context_));
  EXPECT_NE(text(folder_ / "train1/data.csv"), text(folder_ / "train3/data.csv"));
}

TEST_F(StepsTest, ATimeSplitTestsOnTheLatest) {
  std::ofstream(folder_ / "t.csv") << "day,v\n2020-01-03,3\n2020-01-01,1\n2020-01-04,4\n2020-01-02,2\n";
  PrepSettings prep;
  prep.data = {folder_ / "t.csv"};
  prep.split = SplitKind::time;
  prep.split_column = "day";
  prep.drop = {};
  prep.train = folder_ / "train";
  prep.test = folder_ / "test";
  run(prepare(prep, context_));
  EXPECT_EQ(read_table(folder_ / "test")->find("v")->integers(), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(read_table(folder_ / "train")->find("v")->integers(), (std::vector<std::int64_t>{3, 1, 2}));
}

TEST_F(StepsTest, PrepNamesWhatIsWrong) {
  PrepSettings prep;
  prep.data = {blobs("a.csv", 1, 30)};
  prep.train = folder_ / "train";
  prep.test = folder_ / "test";
  prep.where = "hight > 3";
  EXPECT_NE(prepare(prep, context_).error().message.find("hight"), std::string::npos);
  prep.where = "x > 1000";
  EXPECT_EQ(prepare(prep, context_).error().code, ErrorCode::invalid);
  prep.where = "EXISTS (SELECT * FROM read_text('/etc/passwd'))";
  EXPECT_EQ(prepare(prep, context_).error().code, ErrorCode::denied);
  prep.where = "true";
  prep.data = {folder_ / "none.csv"};
  EXPECT_EQ(prepare(prep, context_).error().code, ErrorCode::not_found);
}

// Over several seeds the model beats both the majority class (1/3) and a bound near the Bayes rate of the data.
TEST_F(StepsTest, LearnsWhatIsThereToLearn) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    const std::string name = std::to_string(seed);
    run(train(train_settings(blobs("train.csv", seed), "model" + name), context_));
    const std::vector<double>& losses = log_.series_["train_loss"];
    ASSERT_GT(losses.size(), 3U);
    EXPECT_LT(losses.back(), losses.front());
    EvaluateSettings evaluation;
    evaluation.model = folder_ / ("model" + name);
    evaluation.data = blobs("test.csv", seed + 100);
    evaluation.output = folder_ / ("evaluation" + name);
    run(evaluate(evaluation, context_));
    EXPECT_GT(log_.metrics_["accuracy"], 0.9) << seed;
    EXPECT_NEAR(log_.metrics_["baseline_accuracy"], 1.0 / 3, 1e-9);
    EXPECT_LT(log_.metrics_["expected_calibration_error"], 0.08);
    EXPECT_EQ(text(evaluation.output / "deploy_flag"), "1\n");
    EXPECT_TRUE(log_.artifacts_["evaluation/metrics.json"]);
  }
}

// What ONNX Runtime answers for the exported graph is what the fitted model answers, on every kind of input.
TEST_F(StepsTest, TheExportedGraphPredictsTheSame) {
  const duckdb::Table table = *read_table(blobs("train.csv", 7));
  Classifier classifier;
  const Target target = *target_of(table, "kind");
  classifier.labels = target.labels;
  classifier.features = *fit_features(table, {"kind", {}, {"id"}, 100});
  ASSERT_EQ(classifier.features.size(), 4U);
  EXPECT_EQ(classifier.features[0].kind, FeatureKind::real);
  EXPECT_EQ(classifier.features[2].kind, FeatureKind::integer);
  EXPECT_EQ(classifier.features[3].kind, FeatureKind::category);
  const Matrix matrix = *encode(classifier.features, table);
  classifier.model = fit_softmax({matrix, target.classes, 3, {}, 1.0}, {}).model;

  ModelFolder folder{folder_ / "model", "model", "", new_uid(), "kind", Json::object()};
  run(write_model(folder, classifier, table, clock_.now()));
  const ModelDescription description = *read_model(folder_ / "model");
  EXPECT_EQ(description.target, "kind");
  auto loaded = OnnxClassifier::load(description.onnx_file);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->labels(), classifier.labels);
  EXPECT_EQ(loaded->inputs(), (std::vector<std::string>{"x", "y", "count", "colour"}));

  const duckdb::Table fresh = *read_table(blobs("fresh.csv", 8, 5000));  // more than one batch
  const Matrix expected = classifier.model.probabilities(*encode(classifier.features, fresh));
  const Matrix served = *loaded->probabilities(fresh);
  EXPECT_LT((expected - served).cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_NEAR(served.row(0).sum(), 1.0, 1e-5);
  // A folder is not overwritten.
  EXPECT_EQ(write_model(folder, classifier, table, clock_.now()).error().code, ErrorCode::already_exists);
}

TEST_F(StepsTest, TheModelFolderIsMlflows) {
  run(train(train_settings(blobs("train.csv", 1), "model"), context_));
  const Json model = parse_yaml(text(folder_ / "model/MLmodel"), "MLmodel")->value;
  EXPECT_EQ(at_pointer(model, "/flavors/onnx/data"), "model.onnx");
  EXPECT_EQ(at_pointer(model, "/flavors/python_function/loader_module"), "mlflow.onnx");
  EXPECT_EQ(model["run_id"], context_.run_id);
  const Json inputs = *parse_json(text_or(model["signature"], "inputs"));
  EXPECT_EQ(inputs[0], (Json{{"type", "double"}, {"name", "x"}, {"required", true}}));
  EXPECT_EQ(inputs[2]["type"], "long");
  EXPECT_EQ(inputs[3]["type"], "string");
  for (const std::string file : {"conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json"})
    EXPECT_TRUE(fs::exists(folder_ / "model" / file)) << file;
}

TEST_F(StepsTest, TrainingTwiceGivesTheSameGraph) {
  const fs::path data = blobs("train.csv", 1);
  run(train(train_settings(data, "one"), context_));
  run(train(train_settings(data, "two"), context_));
  EXPECT_EQ(text(folder_ / "one/model.onnx"), text(folder_ / "two/model.onnx"));
}

TEST_F(StepsTest, AChampionMustBeBeaten) {
  const fs::path test = blobs("test.csv", 9);
  run(train(train_settings(blobs("train.csv", 1), "good"), context_));
  TrainSettings weak = train_settings(folder_ / "train.csv", "weak");
  weak.features = {"count"};
  weak.exclude = {};
  run(train(weak, context_));
  EvaluateSettings evaluation;
  evaluation.data = test;
  evaluation.model = folder_ / "weak";
  evaluation.champion_model = folder_ / "good";
  evaluation.output = folder_ / "e1";
  run(evaluate(evaluation, context_));
  EXPECT_EQ(text(folder_ / "e1/deploy_flag"), "0\n");
  evaluation.model = folder_ / "good";
  evaluation.champion_model.clear();
  evaluation.champion_metrics = folder_ / "e1/metrics.json";
  evaluation.output = folder_ / "e2";
  run(evaluate(evaluation, context_));
  EXPECT_EQ(text(folder_ / "e2/deploy_flag"), "1\n");

  RegisterSettings registration;
  registration.model = folder_ / "weak";
  registration.name = "m";
  registration.evaluation = folder_ / "e1";
  registration.info_file = folder_ / "info/model_info.json";
  run(register_model(registration, context_));
  EXPECT_EQ((*parse_json(text(registration.info_file)))["registered"], false);
}

TEST_F(StepsTest, TrainingNamesTheColumnThatIsWrong) {
  std::ofstream(folder_ / "a.csv")
      << "day,x,empty,real,y\n2020-01-01,1,,0.5,a\n2020-01-02,2,,1.5,b\n2020-01-03,3,,2.5,\n";
  TrainSettings settings;
  settings.data = folder_ / "a.csv";
  settings.model = folder_ / "m";
  settings.target = "z";
  EXPECT_EQ(train(settings, context_).error().target, "z");
  settings.target = "y";
  EXPECT_EQ(train(settings, context_).error().target, "y");  // missing in a row
  settings.target = "real";
  EXPECT_EQ(train(settings, context_).error().target, "real");
  settings.target = "x";
  EXPECT_EQ(train(settings, context_).error().target, "day");
  settings.exclude = {"day"};
  EXPECT_EQ(train(settings, context_).error().target, "empty");
  EXPECT_FALSE(fs::exists(folder_ / "m"));
}

}  // namespace
}  // namespace ciclo::learning
