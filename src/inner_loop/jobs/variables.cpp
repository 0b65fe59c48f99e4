#include "inner_loop/jobs/variables.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace ciclo::inner_loop {
namespace {

// A step is one process, which is the whole of its group.
void add_distribution(const Json& distribution, std::map<std::string, std::string>& variables) {
  const std::string type = to_lower(text_or(distribution, "type"));
  if (type.empty()) return;
  for (const auto& [name, value] : {std::pair("RANK", "0"),
                                    {"LOCAL_RANK", "0"},
                                    {"NODE_RANK", "0"},
                                    {"WORLD_SIZE", "1"},
                                    {"LOCAL_WORLD_SIZE", "1"},
                                    {"MASTER_ADDR", "127.0.0.1"},
                                    {"MASTER_PORT", "6105"}})
    variables[name] = value;
  if (type == "tensorflow")
    variables["TF_CONFIG"] = to_text(
        {{"cluster", {{"worker", Json::array({"127.0.0.1:6105"})}}}, {"task", {{"type", "worker"}, {"index", 0}}}});
  if (type == "mpi") {
    variables["OMPI_COMM_WORLD_RANK"] = "0";
    variables["OMPI_COMM_WORLD_SIZE"] = "1";
    variables["OMPI_COMM_WORLD_LOCAL_RANK"] = "0";
  }
}

}  // namespace

std::map<std::string, std::string> step_variables(const VariablesRequest& request) {
  std::map<std::string, std::string> variables = request.base;
  variables["MPLBACKEND"] = "Agg";
  variables["PYTHONUNBUFFERED"] = "1";
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  add_distribution(request.distribution, variables);
  for (const auto& [name, value] : request.own) variables[name] = value;

  std::string& path = variables["PATH"];
  if (!request.programs.empty()) path += (path.empty() ? "" : ":") + request.programs.string();
  const std::string tracking = fmt::format("{}/workspaces/{}", request.server_url, request.workspace);
  variables["MLFLOW_TRACKING_URI"] = tracking;
  variables["MLFLOW_REGISTRY_URI"] = tracking;
  variables["MLFLOW_RUN_ID"] = request.job;
  variables["MLFLOW_EXPERIMENT_ID"] = request.experiment_id;
  variables["MLFLOW_EXPERIMENT_NAME"] = request.experiment_name;
  variables["AZUREML_RUN_ID"] = request.job;
  variables["AZUREML_ROOT_RUN_ID"] = request.root_job;
  variables["AZUREML_EXPERIMENT_ID"] = request.experiment_id;
  variables["AZUREML_EXPERIMENT_NAME"] = request.experiment_name;
  variables["AZUREML_ARM_SUBSCRIPTION"] = "local";
  variables["AZUREML_ARM_RESOURCEGROUP"] = "local";
  variables["AZUREML_ARM_WORKSPACE_NAME"] = request.workspace;
  variables["AZUREML_NODE_COUNT"] = "1";
  variables["CICLO_SERVER"] = request.server_url;
  variables["CICLO_WORKSPACE"] = request.workspace;
  if (!request.token.empty()) {
    variables["CICLO_TOKEN"] = request.token;
    variables["MLFLOW_TRACKING_TOKEN"] = request.token;
  }
  for (const auto& [name, value] : request.inputs) variables["AZURE_ML_INPUT_" + name] = value;
  for (const auto& [name, value] : request.outputs) variables["AZURE_ML_OUTPUT_" + name] = value;
  return variables;
}

}  // namespace ciclo::inner_loop
