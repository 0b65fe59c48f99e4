#include "inner_loop/tracking/concerns.hpp"

#include <set>

namespace ciclo::tracking::concerns {

Concern experiment(std::string field) {
  return {.what = "experiment", .field = std::move(field), .action = {}};
}
Concern experiment_or_default() {
  return {.what = "experiment or default", .field = "experiment_id", .action = {}};
}
Concern experiment_by_name(std::string field) {
  return {.what = "experiment by name", .field = std::move(field), .action = {}};
}
Concern experiments(std::string field) {
  return {.what = "experiments", .field = std::move(field), .action = {}};
}
Concern run() {
  return {.what = "run", .field = "run_id", .action = {}};
}
Concern run_if_any(std::string field) {
  return {.what = "run if any", .field = std::move(field), .action = {}};
}
Concern runs(std::string field) {
  return {.what = "runs", .field = std::move(field), .action = {}};
}
Concern logged_models_if_any(std::string field, std::string action) {
  return {.what = "logged models if any", .field = std::move(field), .action = std::move(action)};
}
Concern model(std::string field) {
  return {.what = "model", .field = std::move(field), .action = {}};
}
Concern logged_model(std::string parameter) {
  return {.what = "logged model", .field = std::move(parameter), .action = {}};
}
Concern run_by_path() {
  return {.what = "run by path", .field = "run_id", .action = {}};
}
Concern run_by_query() {
  return {.what = "run by query", .field = "run_id", .action = {}};
}
Concern model_by_query() {
  return {.what = "model by query", .field = "name", .action = {}};
}
Concern artifact() {
  return {.what = "artifact", .field = "path", .action = {}};
}
Concern artifact_by_query() {
  return {.what = "artifact by query", .field = "path", .action = {}};
}
Concern typed_resource() {
  return {.what = "typed resource", .field = "resource_id", .action = {}};
}
Concern search_experiments() {
  return {.what = "search of experiments", .field = {}, .action = {}};
}
Concern search_models() {
  return {.what = "search of models", .field = {}, .action = {}};
}
Concern nothing() {
  return {.what = "nothing", .field = {}, .action = {}};
}

std::vector<std::string> kinds_of(const std::vector<Concern>& concerns) {
  std::set<std::string> kinds;
  for (const Concern& concern : concerns) {
    const bool is_either =
        concern.what.starts_with("artifact") || concern.what == "nothing" || concern.what == "typed resource";
    const bool is_model =
        concern.what == "model" || concern.what == "model by query" || concern.what == "search of models";
    if (is_either || is_model) kinds.insert("model");
    if (is_either || !is_model) kinds.insert("experiment");
  }
  return {kinds.begin(), kinds.end()};
}

}  // namespace ciclo::tracking::concerns
