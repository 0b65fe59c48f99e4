// The steps of the built-in training pipeline, as ciclo-learn's subcommands run them: prep → train → evaluate →
// register. Each is a plain function of its settings, so a pipeline can run it as a job and a test in its own process.
//
// All of them are deterministic: the same data, settings and seed give the same files, but for times and identifiers.
// Their errors name the file or column in the target.
//
// Thread safety: a step uses its RunLog from the calling thread only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "learning/mlflow_client.hpp"
#include "learning/run_log.hpp"

namespace ciclo::learning {

// What every step is given by the program.
struct StepContext {
  RunLog& log;
  const Clock& clock;
  Say say;
  MlflowClient* mlflow = nullptr;  // null: no tracking server
  std::string run_id;              // of the running step; may be empty
};

enum class SplitKind : std::uint8_t { random, stratified, time };

// Reads tables, keeps the rows and columns asked for, and splits them in two.
struct PrepSettings {
  std::vector<std::filesystem::path> data;  // files or folders, put one after another, columns matched by name
  std::string where;                        // SQL condition on a row; empty: every row
  std::vector<std::string> keep;            // columns; empty: all
  std::vector<std::string> drop;
  SplitKind split = SplitKind::random;
  double test_fraction = 0.25;  // of the kept rows; 0: everything is training data
  std::string split_column;  // time: the latest rows by it are the test data; stratified: its values keep their shares
  std::int64_t seed = 42;
  std::filesystem::path train;  // folder: gets data.parquet or data.csv
  std::filesystem::path test;   // folder; may be empty when test_fraction is 0
  std::string format = "parquet";
};
Result<void> prepare(const PrepSettings& settings, StepContext& context);

// Fits a multinomial logistic regression and writes an MLflow model folder.
struct TrainSettings {
  std::filesystem::path data;
  std::filesystem::path model;  // folder
  std::string target;
  std::vector<std::string> features;  // empty: every column but the target and `exclude`
  std::vector<std::string> exclude;
  double l2 = 1.0;  // see softmax_regression.hpp
  int max_iterations = 300;
  bool balanced = false;  // weigh classes by rows / (classes · rows of the class)
  std::size_t max_categories = 100;
};
Result<void> train(const TrainSettings& settings, StepContext& context);

// Measures a model on data and decides whether it should be deployed.
struct EvaluateSettings {
  std::filesystem::path model;  // MLflow model folder
  std::filesystem::path data;
  std::filesystem::path output;  // folder: metrics.json, confusion.json, deploy_flag
  std::string target;            // empty: the one the model was trained on
  // The model to beat, at most one of: a folder; a registered model's version with `champion_alias`, taken from the
  // tracking server and scored on the same data; numbers measured before (metrics.json).
  std::filesystem::path champion_model;
  std::string champion_name;
  std::string champion_alias = "champion";
  std::filesystem::path champion_metrics;
  std::string metric = "accuracy";  // accuracy, macro_f1 (higher is better) or log_loss, expected_calibration_error
  double minimum_gain = 0.0;        // over the champion, on the metric's better side
  std::optional<double> threshold;  // the metric must reach it; empty: it must beat the majority baseline's accuracy
};
Result<void> evaluate(const EvaluateSettings& settings, StepContext& context);

// Makes a new version of a registered model from a model folder.
struct RegisterSettings {
  std::filesystem::path model;
  std::string name;
  std::string source;  // empty: the folder is uploaded as an artifact of the step's run
  std::string description;
  std::filesystem::path evaluation;  // evaluate's output folder: metrics become tags; a deploy_flag of 0 stops here
  std::filesystem::path info_file;   // gets {"name", "version", "id", "registered"}; may be empty
  bool ignore_deploy_flag = false;
};
Result<void> register_model(const RegisterSettings& settings, StepContext& context);

}  // namespace ciclo::learning
