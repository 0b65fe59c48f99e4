// ciclo-learn: the built-in steps of training pipelines. Reads the command line and MLflow's environment variables, and
// runs one step of src/learning. Exit code 0: done; 1: the step failed, the reason is on standard error; 2: the command
// line is wrong.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "learning/steps.hpp"

namespace {

using ciclo::Result;
using namespace ciclo::learning;  // NOLINT(google-build-using-namespace): the program is a face of that module

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

struct Settings {
  PrepSettings prep;
  TrainSettings train;
  EvaluateSettings evaluate;
  RegisterSettings registration;
};

CLI::App* add_prep(CLI::App& app, PrepSettings& prep) {
  CLI::App* step = app.add_subcommand("prep", "Select rows and columns of tables and split them for training and test");
  step->add_option("--data", prep.data, "CSV, Parquet or JSON lines file, or a folder of them; may be repeated")
      ->required();
  step->add_option("--where", prep.where, "SQL condition a row must meet, for example \"month(date) <= 3\"");
  step->add_option("--keep", prep.keep, "Columns to keep (default: all)")->delimiter(',');
  step->add_option("--drop", prep.drop, "Columns to leave out")->delimiter(',');
  const std::map<std::string, SplitKind> kinds = {
      {"random", SplitKind::random}, {"stratified", SplitKind::stratified}, {"time", SplitKind::time}};
  step->add_option("--split", prep.split, "How test rows are chosen: random, stratified or time (the latest)")
      ->transform(CLI::CheckedTransformer(kinds));
  step->add_option("--split-column", prep.split_column, "Column of a stratified or time split");
  step->add_option("--test-fraction", prep.test_fraction, "Share of the rows kept for the test")->capture_default_str();
  step->add_option("--seed", prep.seed, "Seed of the split")->capture_default_str();
  step->add_option("--train", prep.train, "Folder for the training rows")->required();
  step->add_option("--test", prep.test, "Folder for the test rows");
  step->add_option("--format", prep.format, "parquet or csv")->capture_default_str();
  return step;
}

CLI::App* add_train(CLI::App& app, TrainSettings& train) {
  CLI::App* step = app.add_subcommand("train", "Fit a multinomial logistic regression and write an MLflow model");
  step->add_option("--data", train.data, "Training table: a file or folder")->required();
  step->add_option("--model", train.model, "Folder for the model")->required();
  step->add_option("--target", train.target, "Column to predict")->required();
  step->add_option("--features", train.features, "Columns to learn from (default: all others)")->delimiter(',');
  step->add_option("--exclude", train.exclude, "Columns not to learn from")->delimiter(',');
  step->add_option("--l2", train.l2, "Strength of the penalty on the weights")->capture_default_str();
  step->add_option("--max-iterations", train.max_iterations, "Iterations of the optimiser at most")
      ->capture_default_str();
  step->add_flag("--balanced", train.balanced, "Weigh classes inversely to how often they occur");
  step->add_option("--max-categories", train.max_categories, "Different values of a text column at most")
      ->capture_default_str();
  return step;
}

CLI::App* add_evaluate(CLI::App& app, EvaluateSettings& evaluate) {
  CLI::App* step =
      app.add_subcommand("evaluate", "Measure a model, compare it with the champion, decide on deployment");
  step->add_option("--model", evaluate.model, "MLflow model folder")->required();
  step->add_option("--data", evaluate.data, "Test table: a file or folder")->required();
  step->add_option("--output", evaluate.output, "Folder for metrics.json, confusion.json and deploy_flag")->required();
  step->add_option("--target", evaluate.target, "Column to predict (default: as trained)");
  auto* folder = step->add_option("--champion-model", evaluate.champion_model, "Model folder of the champion");
  auto* name = step->add_option("--champion-name", evaluate.champion_name, "Registered model that holds the champion");
  auto* metrics = step->add_option("--champion-metrics", evaluate.champion_metrics, "metrics.json of the champion");
  folder->excludes(name)->excludes(metrics);
  name->excludes(metrics);
  step->add_option("--champion-alias", evaluate.champion_alias, "Alias of its version in use")->capture_default_str();
  step->add_option("--metric", evaluate.metric, "accuracy, macro_f1, log_loss, …")->capture_default_str();
  step->add_option("--minimum-gain", evaluate.minimum_gain, "By how much the champion must be beaten")
      ->capture_default_str();
  step->add_option("--threshold", evaluate.threshold, "What the metric must reach (default: beat the majority class)");
  return step;
}

CLI::App* add_register(CLI::App& app, RegisterSettings& registration) {
  CLI::App* step = app.add_subcommand("register", "Make a new version of a registered model");
  step->add_option("--model", registration.model, "MLflow model folder")->required();
  step->add_option("--name", registration.name, "Name of the registered model")->required();
  step->add_option("--source", registration.source, "URI the model lies at already (default: upload it to the run)");
  step->add_option("--description", registration.description, "Description of the version");
  step->add_option("--evaluation", registration.evaluation, "Output folder of evaluate; its deploy_flag decides");
  step->add_flag("--ignore-deploy-flag", registration.ignore_deploy_flag, "Register whatever the evaluation says");
  step->add_option("--info", registration.info_file, "File for the name and version made");
  return step;
}

Result<void> run_step(const CLI::App& app, const Settings& settings, StepContext& context) {
  if (app.got_subcommand("prep")) return prepare(settings.prep, context);
  if (app.got_subcommand("train")) return train(settings.train, context);
  if (app.got_subcommand("evaluate")) return evaluate(settings.evaluate, context);
  return register_model(settings.registration, context);
}

// Runs the step against the tracking server that the environment names, or without one.
Result<void> run(const CLI::App& app, const Settings& settings) {
  const ciclo::SystemClock clock;
  const auto say = [](const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
  };
  const MlflowSettings mlflow{environment("MLFLOW_TRACKING_URI"), environment("MLFLOW_TRACKING_TOKEN"),
                              environment("MLFLOW_RUN_ID")};
  NoRunLog nothing;
  if (!mlflow.tracking_uri.starts_with("http")) {
    StepContext context{nothing, clock, say, nullptr, mlflow.run_id};
    return run_step(app, settings, context);
  }
  MlflowClient client(mlflow, clock);
  MlflowRunLog tracked(client, clock);
  RunLog& log = mlflow.run_id.empty() ? static_cast<RunLog&>(nothing) : tracked;
  StepContext context{log, clock, say, &client, mlflow.run_id};
  return run_step(app, settings, context);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The built-in steps of training pipelines", "ciclo-learn");
  app.require_subcommand(1);
  Settings settings;
  add_prep(app, settings.prep);
  add_train(app, settings.train);
  add_evaluate(app, settings.evaluate);
  add_register(app, settings.registration);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (auto done = run(app, settings); !done) {
    std::fprintf(stderr, "ciclo-learn: %s\n", done.error().text().c_str());
    return 1;
  }
  return 0;
}
