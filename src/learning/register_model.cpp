#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "learning/mlflow_model.hpp"
#include "learning/steps.hpp"

namespace ciclo::learning {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view artifact_folder = "model";

// What evaluate left: numbers as tags, and whether to go on.
struct Evaluation {
  Parameters tags;
  bool deploy = true;
};

Result<Evaluation> read_evaluation(const fs::path& folder) {
  Evaluation evaluation;
  if (folder.empty()) return evaluation;
  CICLO_TRY(const std::string flag, read_file(folder / "deploy_flag", 1024));
  evaluation.deploy = trim(flag) == "1";
  CICLO_TRY(const std::string text, read_file(folder / "metrics.json", 1U << 20U));
  auto metrics = parse_json(text);
  if (!metrics) return Failure(metrics.error().add_context("cannot read " + (folder / "metrics.json").string()));
  for (const auto& [name, value] : metrics->items()) {
    if (value.is_number()) evaluation.tags.emplace_back(name, to_text(value));
  }
  return evaluation;
}

// Uploads the model folder as the run's artifact "model". How many files.
Result<std::size_t> upload(const fs::path& folder, MlflowClient& mlflow) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) return fail(ErrorCode::internal, "cannot list the folder: " + error.message(), folder.string());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string path = fmt::format("{}/{}", artifact_folder, fs::relative(file, folder, error).generic_string());
    auto sent = mlflow.upload(file, path);
    if (!sent) return Failure(sent.error().add_context("cannot upload " + file.string()));
  }
  return files.size();
}

Result<void> write_info(const RegisterSettings& settings, const Json& info) {
  if (settings.info_file.empty()) return {};
  std::error_code error;
  if (settings.info_file.has_parent_path()) fs::create_directories(settings.info_file.parent_path(), error);
  return write_file(settings.info_file, to_pretty_text(info) + "\n");
}

}  // namespace

Result<void> register_model(const RegisterSettings& settings, StepContext& context) {
  if (settings.name.empty()) return fail(ErrorCode::invalid, "the model needs a name", "--name");
  CICLO_TRY(const ModelDescription model, read_model(settings.model));
  CICLO_TRY(const Evaluation evaluation, read_evaluation(settings.evaluation));
  if (!evaluation.deploy && !settings.ignore_deploy_flag) {
    context.say("not registered: the evaluation says not to deploy");
    return write_info(settings, {{"name", settings.name}, {"registered", false}});
  }
  if (context.mlflow == nullptr) {
    return fail(ErrorCode::invalid, "registering a model needs a tracking server", "MLFLOW_TRACKING_URI",
                "set it to the server's address");
  }
  MlflowClient& mlflow = *context.mlflow;
  NewVersion version{settings.name, settings.source, context.run_id, settings.description, evaluation.tags};
  if (version.source.empty()) {
    if (context.run_id.empty())
      return fail(ErrorCode::invalid, "uploading the model needs a run", "MLFLOW_RUN_ID", "or give --source");
    CICLO_TRY(const std::size_t files, upload(settings.model, mlflow));
    context.say(fmt::format("uploaded {} files of the model to run {}", files, context.run_id));
    version.source = fmt::format("runs:/{}/{}", context.run_id, artifact_folder);
  }
  version.tags.emplace_back("model_uuid", model.model_uuid);
  if (!model.run_id.empty()) version.tags.emplace_back("training_run_id", model.run_id);
  CICLO_CHECK(mlflow.ensure_model(settings.name, settings.description));
  CICLO_TRY(const RegisteredVersion made, mlflow.create_version(version));
  context.say(fmt::format("registered {} version {}", made.name, made.version));
  CICLO_CHECK(context.log.tags({{"registered_model", made.name + ":" + made.version}}));
  return write_info(
      settings,
      {{"name", made.name}, {"version", made.version}, {"id", made.name + ":" + made.version}, {"registered", true}});
}

}  // namespace ciclo::learning
