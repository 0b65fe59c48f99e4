#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "learning/classification_metrics.hpp"
#include "learning/features.hpp"
#include "learning/mlflow_model.hpp"
#include "learning/onnx_classifier.hpp"
#include "learning/step_data.hpp"
#include "learning/steps.hpp"
#include "learning/verdict.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;

struct Measured {
  ClassificationMetrics metrics;
  std::vector<std::string> labels;
};

Result<Measured> measure_model(const fs::path& folder, const duckdb::Table& table, std::string target) {
  CICLO_TRY(const ModelDescription model, read_model(folder));
  if (target.empty()) target = model.target;
  if (target.empty())
    return fail(ErrorCode::invalid, "the model does not say what it predicts", folder.string(), "give --target");
  CICLO_TRY(auto classifier, OnnxClassifier::load(model.onnx_file));
  CICLO_TRY(const std::vector<int> truth, classes_of(table, target, classifier.labels()));
  CICLO_TRY(const Matrix probabilities, classifier.probabilities(table));
  return Measured{measure(probabilities, truth), classifier.labels()};
}

double value_of(const Measured& measured, const std::string& metric) {
  for (const auto& [name, value] : named(measured.metrics, measured.labels)) {
    if (name == metric) return value;
  }
  return 0.0;  // not reached: higher_is_better() knows the metric
}

// What there is to beat.
struct Champion {
  std::string who;  // "weather:3"; empty: none
  std::optional<double> value;
};

// A folder that goes with its scope.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / ("ciclo-champion-" + random_hex(8))) {
    fs::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Scores the registered champion on the candidate's data: numbers from other data would not compare.
Result<Champion> registered_champion(const EvaluateSettings& settings, const duckdb::Table& table,
                                     StepContext& context) {
  if (context.mlflow == nullptr) {
    return fail(ErrorCode::invalid, "the champion of a registered model needs a tracking server",
                settings.champion_name, "set MLFLOW_TRACKING_URI, or give --champion-model");
  }
  CICLO_TRY(const auto version, context.mlflow->version_by_alias(settings.champion_name, settings.champion_alias));
  if (!version) {
    context.say(fmt::format("'{}' has no version with the alias '{}': nothing to beat yet", settings.champion_name,
                            settings.champion_alias));
    return Champion{};
  }
  const TemporaryFolder folder;
  for (const std::string file : {"MLmodel", "model.onnx"}) {
    auto got = context.mlflow->download(*version, file, folder.path() / file);
    if (!got)
      return Failure(got.error().add_context("cannot fetch the champion " + version->name + ":" + version->version));
  }
  CICLO_TRY(const Measured measured, measure_model(folder.path(), table, settings.target));
  return Champion{version->name + ":" + version->version, value_of(measured, settings.metric)};
}

Result<Champion> champion_of(const EvaluateSettings& settings, const duckdb::Table& table, StepContext& context) {
  if (!settings.champion_name.empty()) return registered_champion(settings, table, context);
  if (!settings.champion_model.empty()) {
    CICLO_TRY(const Measured measured, measure_model(settings.champion_model, table, settings.target));
    return Champion{settings.champion_model.string(), value_of(measured, settings.metric)};
  }
  if (settings.champion_metrics.empty()) return Champion{};
  CICLO_TRY(const std::string text, read_file(settings.champion_metrics, 1U << 20U));
  CICLO_TRY(const Json metrics, parse_json(text));
  const Json& value = member(metrics, settings.metric);
  if (!value.is_number())
    return fail(ErrorCode::invalid, "the champion's metrics lack " + settings.metric,
                settings.champion_metrics.string());
  return Champion{settings.champion_metrics.string(), value.get<double>()};
}

struct Outcome {
  const Measured& measured;
  const Champion& champion;
  const Verdict& verdict;
};

Result<void> write_outcome(const EvaluateSettings& settings, const Outcome& outcome, StepContext& context) {
  std::error_code error;
  fs::create_directories(settings.output, error);
  if (error)
    return fail(ErrorCode::internal, "the folder cannot be made: " + error.message(), settings.output.string());
  Json metrics = Json::object();
  for (const auto& [name, value] : named(outcome.measured.metrics, outcome.measured.labels)) metrics[name] = value;
  metrics["rows"] = outcome.measured.metrics.rows;
  if (outcome.champion.value) metrics["champion_" + settings.metric] = *outcome.champion.value;
  if (!outcome.champion.who.empty()) metrics["champion"] = outcome.champion.who;
  metrics["deploy"] = outcome.verdict.deploy;
  metrics["reason"] = outcome.verdict.reason;
  const Json confusion = confusion_json(outcome.measured.metrics, outcome.measured.labels);
  CICLO_CHECK(write_file(settings.output / "metrics.json", to_pretty_text(metrics) + "\n"));
  CICLO_CHECK(write_file(settings.output / "confusion.json", to_text(confusion) + "\n"));
  CICLO_CHECK(write_file(settings.output / "deploy_flag", outcome.verdict.deploy ? "1\n" : "0\n"));
  CICLO_CHECK(context.log.artifact(settings.output / "metrics.json", "evaluation/metrics.json"));
  return context.log.artifact(settings.output / "confusion.json", "evaluation/confusion.json");
}

}  // namespace

Result<void> evaluate(const EvaluateSettings& settings, StepContext& context) {
  CICLO_TRY(const bool higher, higher_is_better(settings.metric));
  CICLO_TRY(const duckdb::Table table, read_table(settings.data));
  CICLO_TRY(const Measured measured, measure_model(settings.model, table, settings.target));
  CICLO_TRY(const Champion champion, champion_of(settings, table, context));
  const ClassificationMetrics& metrics = measured.metrics;
  const Verdict verdict = judge({settings.metric, value_of(measured, settings.metric), metrics.accuracy,
                                 metrics.baseline_accuracy, champion.value, settings.minimum_gain, settings.threshold},
                                higher);
  context.say(
      fmt::format("{} rows: accuracy {:.4f} (most frequent class {:.4f}), log loss {:.4f}, macro F1 {:.4f}, "
                  "calibration error {:.4f}",
                  metrics.rows, metrics.accuracy, metrics.baseline_accuracy, metrics.log_loss, metrics.macro_f1,
                  metrics.calibration_error));
  Metrics values = named(metrics, measured.labels);
  if (champion.value) values.emplace_back("champion_" + settings.metric, *champion.value);
  values.emplace_back("deploy_flag", verdict.deploy ? 1.0 : 0.0);
  CICLO_CHECK(context.log.metrics(values, 0));
  CICLO_CHECK(context.log.parameters({{"metric", settings.metric}, {"champion", champion.who}}));
  CICLO_CHECK(write_outcome(settings, {measured, champion, verdict}, context));
  context.say(fmt::format("{}: {}", verdict.deploy ? "deploy" : "do not deploy", verdict.reason));
  return {};
}

}  // namespace ciclo::learning
