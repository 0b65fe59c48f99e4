#include "inner_loop/graphql/schema.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::graphql {
namespace {

// One type a line: its name, and its fields with their types. A list has its type in [].
constexpr std::string_view type_table = R"(
ErrorDetail field:String message:String
ApiError code:String message:String helpUrl:String traceId:String errorDetails:[ErrorDetail]
Test output:String
TestMutation output:String
MlflowExperimentTag key:String value:String
MlflowExperiment experimentId:String name:String artifactLocation:String lifecycleStage:String lastUpdateTime:Long creationTime:Long tags:[MlflowExperimentTag] effectiveTraceArchivalRetention:String workspace:String
MlflowGetExperimentResponse experiment:MlflowExperiment apiError:ApiError
MlflowMetricWithRunId key:String value:Float timestamp:Long step:Long runId:String
MlflowGetMetricHistoryBulkIntervalResponse metrics:[MlflowMetricWithRunId] apiError:ApiError
MlflowFileInfo path:String isDir:Boolean fileSize:Long
MlflowListArtifactsResponse rootUri:String files:[MlflowFileInfo] nextPageToken:String apiError:ApiError
MlflowModelVersionDeploymentJobState jobId:String runId:String jobState:JobConnectionState runState:JobRunState currentTaskName:String
MlflowModelMetric key:String value:Float timestamp:Long step:Long datasetName:String datasetDigest:String modelId:String runId:String
MlflowModelParam name:String value:String
MlflowModelVersionTag key:String value:String
MlflowModelVersion name:String version:String creationTimestamp:Long lastUpdatedTimestamp:Long userId:String currentStage:String description:String source:String runId:String status:ModelVersionStatus statusMessage:String tags:[MlflowModelVersionTag] runLink:String aliases:[String] modelId:String modelParams:[MlflowModelParam] modelMetrics:[MlflowModelMetric] deploymentJobState:MlflowModelVersionDeploymentJobState
MlflowSearchModelVersionsResponse modelVersions:[MlflowModelVersion] nextPageToken:String apiError:ApiError
MlflowDatasetSummary experimentId:String name:String digest:String context:String
MlflowSearchDatasetsResponse datasetSummaries:[MlflowDatasetSummary] apiError:ApiError
MlflowModelOutput modelId:String step:Long
MlflowRunOutputs modelOutputs:[MlflowModelOutput]
MlflowModelInput modelId:String
MlflowDataset name:String digest:String sourceType:String source:String schema:String profile:String
MlflowInputTag key:String value:String
MlflowDatasetInput tags:[MlflowInputTag] dataset:MlflowDataset
MlflowRunInputs datasetInputs:[MlflowDatasetInput] modelInputs:[MlflowModelInput]
MlflowRunTag key:String value:String
MlflowParam key:String value:String
MlflowMetricExtension key:String value:Float timestamp:Long step:Long datasetName:String datasetDigest:String modelId:String runId:String
MlflowRunData metrics:[MlflowMetricExtension] params:[MlflowParam] tags:[MlflowRunTag]
MlflowRunInfo runId:String runUuid:String runName:String experimentId:String userId:String status:RunStatus startTime:Long endTime:Long artifactUri:String lifecycleStage:String
MlflowRunExtension info:MlflowRunInfo data:MlflowRunData inputs:MlflowRunInputs outputs:MlflowRunOutputs experiment:MlflowExperiment modelVersions:[MlflowModelVersion]
MlflowSearchRunsResponse runs:[MlflowRunExtension] nextPageToken:String apiError:ApiError
MlflowGetRunResponse run:MlflowRunExtension apiError:ApiError
)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> enums{
    {{"RunStatus", "RUNNING"},
     {"ModelVersionStatus", "PENDING_REGISTRATION"},
     {"JobConnectionState", "DEPLOYMENT_JOB_CONNECTION_STATE_UNSPECIFIED"},
     {"JobRunState", "DEPLOYMENT_JOB_RUN_STATE_UNSPECIFIED"}}};

constexpr std::string_view search_inputs = "experiment_ids filter run_view_type max_results order_by page_token";

constexpr std::array<RootField, 9> root_fields{
    {{"mlflowGetExperiment", "MlflowGetExperimentResponse", http::Method::get, "experiments/get", "experiment_id"},
     {"mlflowGetMetricHistoryBulkInterval", "MlflowGetMetricHistoryBulkIntervalResponse", http::Method::get,
      "metrics/get-history-bulk-interval", "run_ids metric_key start_step end_step max_results"},
     {"mlflowGetRun", "MlflowGetRunResponse", http::Method::get, "runs/get", "run_id run_uuid"},
     {"mlflowListArtifacts", "MlflowListArtifactsResponse", http::Method::get, "artifacts/list",
      "run_id run_uuid path page_token"},
     {"mlflowSearchModelVersions", "MlflowSearchModelVersionsResponse", http::Method::get, "model-versions/search",
      "filter max_results order_by page_token"},
     {"mlflowSearchRuns", "MlflowSearchRunsResponse", http::Method::post, "runs/search", search_inputs, true, true},
     {"mlflowSearchDatasets", "MlflowSearchDatasetsResponse", http::Method::post, "experiments/search-datasets",
      "experiment_ids", false, true},
     {"test", "Test", http::Method::get, "", ""},
     {"testMutation", "TestMutation", http::Method::get, "", "", false, true}}};

std::map<std::string, ObjectType, std::less<>> read_table() {
  std::map<std::string, ObjectType, std::less<>> types;
  for (const std::string& line : split(type_table, '\n')) {
    if (line.empty()) continue;
    ObjectType type;
    for (const std::string& word : split(line, ' ')) {
      const auto colon = word.find(':');
      if (colon == std::string::npos) {
        type.name = word;
        continue;
      }
      Field field{.name = word.substr(0, colon), .key = {}, .type = word.substr(colon + 1)};
      field.key = snake_case(field.name);
      field.is_list = field.type.starts_with('[');
      if (field.is_list) field.type = field.type.substr(1, field.type.size() - 2);
      type.fields.push_back(std::move(field));
    }
    types.emplace(type.name, std::move(type));
  }
  return types;
}

}  // namespace

const Field* ObjectType::find(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

const ObjectType* find_type(std::string_view name) {
  static const auto types = read_table();
  const auto found = types.find(name);
  return found == types.end() ? nullptr : &found->second;
}

std::string_view first_value_of_enum(std::string_view name) {
  for (const auto& [type, first] : enums)
    if (type == name) return first;
  return {};
}

const RootField* find_root_field(std::string_view name, bool is_mutation) {
  for (const RootField& field : root_fields)
    if (field.name == name && (is_mutation ? field.in_mutation : field.in_query)) return &field;
  return nullptr;
}

std::string snake_case(std::string_view name) {
  std::string snake;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') snake += '_';
    snake += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return snake;
}

}  // namespace ciclo::graphql
