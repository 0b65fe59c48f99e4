// The nouns of tracking: what MLflow calls experiments, runs, metrics, parameters, tags, data sets and logged models.
// Times are Unix milliseconds, as MLflow's wire has them.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::tracking {

enum class Lifecycle : std::uint8_t { active, deleted };
std::string_view name_of(Lifecycle stage);  // "active"

enum class RunStatus : std::uint8_t { running, scheduled, finished, failed, killed };
std::string_view name_of(RunStatus status);  // "RUNNING"
std::optional<RunStatus> parse_run_status(std::string_view text);

// MLflow's ViewType.
enum class View : std::uint8_t { active_only, deleted_only, all };
std::optional<View> parse_view(std::string_view text);

// A tag or a parameter.
struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};
using Param = Tag;

// One observation of a metric. `value` may be NaN; infinities are stored as the largest finite numbers, which is how
// MLflow gives them back.
struct Metric {
  std::string key;
  double value = 0;
  std::int64_t timestamp = 0;
  std::int64_t step = 0;
  // Of a 3.x client: the logged model and the data set that it measures. Empty when there is none.
  std::string model_id;
  std::string dataset_name;
  std::string dataset_digest;
  std::string run_id;  // set in answers that mix runs
};

// Ids count from "0" (named Default) within each workspace.
struct Experiment {
  std::string workspace;
  std::int64_t id = 0;
  std::string name;
  std::string artifact_location;
  Lifecycle stage = Lifecycle::active;
  std::int64_t creation_time = 0;
  std::int64_t last_update_time = 0;
  std::vector<Tag> tags;
};

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;
  std::string profile;
};
struct DatasetInput {
  Dataset dataset;
  std::vector<Tag> tags;  // "mlflow.data.context": training, evaluation …
};
// A data set as the runs of an experiment used it.
struct DatasetSummary {
  std::int64_t experiment_id = 0;
  std::string name;
  std::string digest;
  std::string context;  // "" without one
};
// A logged model that a run read or wrote.
struct ModelUse {
  std::string model_id;
  std::int64_t step = 0;
};

struct Run {
  std::string workspace;
  std::int64_t number = 0;  // internal key of the rows that belong to it
  std::string run_id;       // unique within the workspace; a job's run has the job's name
  std::int64_t experiment_id = 0;
  std::int64_t experiment_number = 0;  // internal: of the experiment, over all workspaces
  std::string name;
  std::string user;
  RunStatus status = RunStatus::running;
  std::int64_t start_time = 0;
  std::optional<std::int64_t> end_time;
  Lifecycle stage = Lifecycle::active;
  std::string artifact_uri;
  // The run of a job: its status is the job's, whatever a client says.
  bool is_managed = false;
  // Filled by RunStore::load_details.
  std::vector<Metric> metrics;  // the latest of each key
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<DatasetInput> dataset_inputs;
  std::vector<ModelUse> model_inputs;
  std::vector<ModelUse> model_outputs;
};

enum class ModelStatus : std::uint8_t { unspecified = 0, pending = 1, ready = 2, failed = 3 };
std::string_view name_of(ModelStatus status);  // "LOGGED_MODEL_READY"
std::optional<ModelStatus> parse_model_status(std::string_view text);

// A model folder of its own beside the runs' artifacts (MLflow 3).
struct LoggedModel {
  std::string workspace;
  std::string model_id;  // "m-<32 hexadecimal digits>"
  std::int64_t experiment_id = 0;
  std::string name;
  std::string artifact_uri;
  std::int64_t creation_time = 0;
  std::int64_t last_update_time = 0;
  ModelStatus status = ModelStatus::pending;
  std::string status_message;
  std::string model_type;
  std::string source_run_id;
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<Metric> metrics;
};

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next_page_token;  // empty on the last page
};

// The value of a key, or nothing.
std::optional<std::string> find_tag(const std::vector<Tag>& tags, std::string_view key);

}  // namespace ciclo::tracking
