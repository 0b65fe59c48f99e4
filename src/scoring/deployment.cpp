#include "scoring/deployment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scoring/model_folder.hpp"
#include "scoring/python_model.hpp"

namespace ciclo::scoring {
namespace {

void append_stamp(std::string& text, const std::filesystem::path& path) {
  std::error_code failed;
  const auto time = std::filesystem::last_write_time(path, failed).time_since_epoch().count();
  const auto size = std::filesystem::is_regular_file(path, failed) ? std::filesystem::file_size(path, failed) : 0;
  text += fmt::format("|{}:{}:{}", path.string(), size, time);
}

Result<std::shared_ptr<Model>> load_python(const DeploymentSettings& settings, const ModelFolder& folder) {
  PythonModelRequest request;
  request.deployment = settings;
  request.description.name = settings.model.name;
  request.description.version = settings.model.version;
  request.description.platform = "mlflow_python";
  request.description.columns = folder.columns;
  request.description.inputs = folder.tensors;
  CICLO_TRY(auto model, PythonModel::load(std::move(request)));
  return std::shared_ptr<Model>(std::move(model));
}

Result<std::shared_ptr<Model>> load_onnx(OnnxRuntime& runtime, const ModelSettings& model, std::filesystem::path file,
                                         std::vector<Column> columns) {
  CICLO_TRY(auto loaded, OnnxModel::load(runtime, {std::move(file), std::move(columns), model.name, model.version}));
  return std::shared_ptr<Model>(std::move(loaded));
}

Result<std::shared_ptr<Model>> load_model(OnnxRuntime& runtime, const DeploymentSettings& settings) {
  const auto& model = settings.model;
  std::error_code ignored;
  if (!settings.python.scoring_script.empty()) {
    ModelFolder folder;
    if (std::filesystem::exists(model.path / "MLmodel", ignored)) {
      CICLO_TRY(folder, read_model_folder(model.path));
    }
    return load_python(settings, folder);
  }
  if (!std::filesystem::exists(model.path, ignored))
    return fail(ErrorCode::not_found, "there is no model here", model.path.string());
  if (!std::filesystem::is_directory(model.path, ignored)) return load_onnx(runtime, model, model.path, {});
  CICLO_TRY(const auto folder, read_model_folder(model.path));
  if (model.flavor == "onnx" && folder.onnx_file.empty()) {
    return fail(ErrorCode::invalid, "the flavour 'onnx' is asked for, but the model has none",
                (model.path / "MLmodel").string());
  }
  if (!folder.onnx_file.empty() && model.flavor != "python_function")
    return load_onnx(runtime, model, folder.onnx_file, folder.columns);
  if (!folder.has_python_function) {
    return fail(ErrorCode::unsupported, "the model has neither the flavour onnx nor python_function",
                (model.path / "MLmodel").string());
  }
  return load_python(settings, folder);
}

}  // namespace

void DeploymentMetrics::count(int status, std::chrono::nanoseconds duration) {
  const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
  by_class[status_class].fetch_add(1, std::memory_order_relaxed);
  const auto us = static_cast<std::uint64_t>(duration.count() / 1000);
  const auto bucket =
      static_cast<std::size_t>(std::ranges::lower_bound(latency_bounds_us, us) - latency_bounds_us.begin());
  latency[bucket].fetch_add(1, std::memory_order_relaxed);
  latency_sum_ns.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
}

std::string fingerprint_of(const DeploymentSettings& settings) {
  auto text = to_text(settings.source);
  append_stamp(text, settings.model.path);
  std::error_code failed;
  if (std::filesystem::is_directory(settings.model.path, failed)) {
    for (const auto* name : {"MLmodel", "model.onnx", "model.pkl", "conda.yaml"})
      append_stamp(text, settings.model.path / name);
  }
  if (!settings.python.scoring_script.empty())
    append_stamp(text, settings.python.code_folder / settings.python.scoring_script);
  return text;
}

Deployment::Deployment(DeploymentSettings settings, std::shared_ptr<Model> model,
                       std::shared_ptr<DeploymentMetrics> metrics)
    : settings_(std::move(settings)),
      model_(std::move(model)),
      metrics_(std::move(metrics)),
      admission_(settings_.requests.max_concurrent_requests, settings_.requests.max_queue_wait) {}

Result<std::shared_ptr<Deployment>> Deployment::load(OnnxRuntime& runtime, DeploymentSettings settings,
                                                     std::shared_ptr<DeploymentMetrics> metrics) {
  const auto start = std::chrono::steady_clock::now();
  auto fingerprint = fingerprint_of(settings);
  auto model = load_model(runtime, settings);
  if (!model) {
    auto error = std::move(model).error();
    error.add_context(fmt::format("cannot load the deployment '{}'", settings.name));
    return std::unexpected(std::move(error));
  }
  std::shared_ptr<Deployment> deployment(new Deployment(std::move(settings), *std::move(model), std::move(metrics)));
  deployment->load_time_ = std::chrono::steady_clock::now() - start;
  deployment->fingerprint_ = std::move(fingerprint);
  return deployment;
}

Json Deployment::status() const {
  const auto& description = model_->description();
  return Json{{"name", name()},
              {"state", model_->is_ready() ? "ready" : "unavailable"},
              {"model_name", description.name},
              {"model_version", description.version},
              {"platform", description.platform},
              {"load_ms", std::chrono::duration<double, std::milli>(load_time_).count()},
              {"in_flight", admission_.in_flight()},
              {"model", model_->status()}};
}

}  // namespace ciclo::scoring
