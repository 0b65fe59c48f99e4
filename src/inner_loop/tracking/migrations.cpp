#include "inner_loop/tracking/migrations.hpp"

#include "inner_loop/tracking/purge_store.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view first = R"(
CREATE TABLE experiments (
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  artifact_location TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL,
  creation_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  PRIMARY KEY (workspace, experiment_id),
  UNIQUE (workspace, name)
);
CREATE TABLE experiment_counters (
  workspace TEXT NOT NULL PRIMARY KEY,
  last_id BIGINT NOT NULL
);
CREATE TABLE experiment_tags (
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (workspace, experiment_id, key)
) {{clustered}};
CREATE TABLE runs (
  run_number {{auto_id}},
  workspace TEXT NOT NULL,
  run_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT,
  lifecycle_stage TEXT NOT NULL,
  deleted_time BIGINT,
  artifact_uri TEXT NOT NULL,
  is_managed BIGINT NOT NULL,
  UNIQUE (workspace, run_id)
);
CREATE INDEX runs_by_start ON runs (workspace, experiment_id, lifecycle_stage, start_time, run_number);
CREATE TABLE metrics (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_number, key, step, timestamp, value, is_nan)
) {{clustered}};
CREATE TABLE latest_metrics (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
CREATE INDEX latest_metrics_by_value ON latest_metrics (key, is_nan, value, run_number);
CREATE TABLE params (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
CREATE INDEX params_by_value ON params (key, value_hash, run_number);
CREATE TABLE run_tags (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
CREATE INDEX run_tags_by_value ON run_tags (key, value_hash, run_number);
CREATE TABLE datasets (
  dataset_number {{auto_id}},
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT NOT NULL,
  profile TEXT NOT NULL,
  UNIQUE (workspace, experiment_id, name, digest)
);
CREATE TABLE run_datasets (
  run_number BIGINT NOT NULL,
  dataset_number BIGINT NOT NULL,
  context TEXT NOT NULL,
  tags TEXT NOT NULL,
  PRIMARY KEY (run_number, dataset_number)
) {{clustered}};
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_number);
CREATE TABLE run_models (
  run_number BIGINT NOT NULL,
  direction TEXT NOT NULL,
  model_id TEXT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (run_number, direction, model_id, step)
) {{clustered}};
CREATE TABLE logged_models (
  model_number {{auto_id}},
  workspace TEXT NOT NULL,
  model_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  creation_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  status BIGINT NOT NULL,
  status_message TEXT NOT NULL,
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL,
  UNIQUE (workspace, model_id)
);
CREATE INDEX logged_models_by_time ON logged_models (workspace, experiment_id, lifecycle_stage, creation_time, model_number);
CREATE TABLE logged_model_params (
  model_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_number, key)
) {{clustered}};
CREATE TABLE logged_model_tags (
  model_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_number, key)
) {{clustered}};
CREATE TABLE logged_model_metrics (
  model_number BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  step BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (model_number, run_id, key, dataset_name, dataset_digest)
) {{clustered}};
)";

}  // namespace

std::vector<sql::Migration> migrations() {
  return {{.module = "tracking", .version = 1, .statements = first},
          {.module = "tracking_purge", .version = 1, .statements = purge_schema}};
}

}  // namespace ciclo::tracking
