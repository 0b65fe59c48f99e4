#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "learning/classification_metrics.hpp"
#include "learning/features.hpp"
#include "learning/mlflow_model.hpp"
#include "learning/onnx_export.hpp"
#include "learning/step_data.hpp"
#include "learning/steps.hpp"

namespace ciclo::learning {
namespace {

std::vector<double> row_weights(const Target& target, bool balanced) {
  if (!balanced) return {};
  std::vector<double> counts(target.labels.size(), 0.0);
  for (const int label : target.classes) counts[static_cast<std::size_t>(label)] += 1.0;
  std::vector<double> weights;
  for (const int label : target.classes) {
    weights.push_back(static_cast<double>(target.classes.size()) /
                      (static_cast<double>(target.labels.size()) * counts[static_cast<std::size_t>(label)]));
  }
  return weights;
}

Parameters parameters_of(const TrainSettings& settings, const Classifier& classifier) {
  std::vector<std::string> names;
  for (const Feature& feature : classifier.features) names.push_back(feature.name);
  return {{"algorithm", "multinomial logistic regression"},
          {"optimizer", "L-BFGS"},
          {"target", settings.target},
          {"features", join(names, ", ")},
          {"classes", join(classifier.labels, ", ")},
          {"l2", fmt::format("{}", settings.l2)},
          {"max_iterations", std::to_string(settings.max_iterations)},
          {"class_weights", settings.balanced ? "balanced" : "none"}};
}

Result<void> check(const TrainSettings& settings) {
  if (settings.target.empty()) return fail(ErrorCode::invalid, "the column to predict is not given", "--target");
  if (!(settings.l2 >= 0.0)) return fail(ErrorCode::invalid, "the penalty cannot be negative", "--l2");
  if (settings.max_iterations < 1)
    return fail(ErrorCode::invalid, "at least one iteration is needed", "--max-iterations");
  return {};
}

}  // namespace

Result<void> train(const TrainSettings& settings, StepContext& context) {
  CICLO_CHECK(check(settings));
  CICLO_TRY(const duckdb::Table table, read_table(settings.data));
  CICLO_TRY(const Target target, target_of(table, settings.target));
  Classifier classifier;
  const FeatureOptions options{settings.target, settings.features, settings.exclude, settings.max_categories};
  CICLO_TRY(classifier.features, fit_features(table, options));
  CICLO_TRY(const Matrix matrix, encode(classifier.features, table));
  classifier.labels = target.labels;
  context.say(fmt::format("training on {} rows, {} features ({} columns of the model), {} classes: {}", table.rows,
                          classifier.features.size(), matrix.cols(), target.labels.size(), join(target.labels, ", ")));
  CICLO_CHECK(context.log.parameters(parameters_of(settings, classifier)));

  const std::vector<double> weights = row_weights(target, settings.balanced);
  const SoftmaxProblem problem{matrix, target.classes, static_cast<int>(target.labels.size()), weights, settings.l2};
  LbfgsSettings optimizer;
  optimizer.max_iterations = settings.max_iterations;
  std::vector<double> losses;
  const SoftmaxFit fit = fit_softmax(problem, optimizer, [&](int iteration, double loss) {
    losses.push_back(loss);
    if (iteration % 10 == 0) context.say(fmt::format("iteration {:>4}  loss {:.6f}", iteration, loss));
  });
  classifier.model = fit.model;
  context.say(fmt::format("{} after {} iterations, loss {:.6f}", fit.converged ? "converged" : "stopped",
                          fit.iterations, fit.objective));

  const ClassificationMetrics metrics = measure(fit.model.probabilities(matrix), target.classes);
  ModelFolder folder{settings.model, "model", context.run_id, new_uid(), settings.target, Json::object()};
  folder.metadata["training_rows"] = table.rows;
  CICLO_CHECK(write_model(folder, classifier, table, context.clock.now()));
  CICLO_CHECK(context.log.series("train_loss", losses));
  Metrics values;
  for (const auto& [name, value] : named(metrics, target.labels)) values.emplace_back("train_" + name, value);
  CICLO_CHECK(context.log.metrics(values, 0));
  context.say(fmt::format("training accuracy {:.4f} (most frequent class: {:.4f}); model written to {}",
                          metrics.accuracy, metrics.baseline_accuracy, settings.model.string()));
  return {};
}

}  // namespace ciclo::learning
