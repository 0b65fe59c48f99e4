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

// Built for search and for long histories (docs/decisions/2026-11-26-metric-storage.md): an experiment has one number
// over all workspaces, which leads every index that a search reads; those indexes hold all that a walk needs, so it
// reads nothing else; and a point names its metric by a number within the run.
//   head    the first 64 characters of a value or name, is_cut whether there is more
//   series  numbers a run's metrics from 1, in the order in which they were first logged
constexpr std::string_view second = R"(
CREATE TABLE experiment_numbers (
  experiment_number {{auto_id}},
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  UNIQUE (workspace, experiment_id)
);
INSERT INTO experiment_numbers (workspace, experiment_id) SELECT workspace, experiment_id FROM experiments
  UNION SELECT workspace, experiment_id FROM runs ORDER BY 1, 2;
ALTER TABLE runs ADD COLUMN experiment_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN name_head TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN name_is_cut BIGINT NOT NULL DEFAULT 0;
DROP INDEX runs_by_start;
UPDATE runs SET name_head = SUBSTR(name, 1, 64),
  name_is_cut = CASE WHEN name = SUBSTR(name, 1, 64) THEN 0 ELSE 1 END,
  experiment_number = (SELECT n.experiment_number FROM experiment_numbers n WHERE n.workspace = runs.workspace
    AND n.experiment_id = runs.experiment_id);
CREATE INDEX runs_by_time ON runs (experiment_number, lifecycle_stage, start_time, run_number, status, end_time);
CREATE INDEX runs_by_name ON runs (experiment_number, name_head, run_number, name_is_cut);

DROP INDEX latest_metrics_by_value;
ALTER TABLE latest_metrics RENAME TO latest_metrics_1;
ALTER TABLE metrics RENAME TO metrics_1;
CREATE TABLE latest_metrics (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  series BIGINT NOT NULL,
  experiment_number BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  step BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
INSERT INTO latest_metrics (run_number, key, series, experiment_number, start_time, step, timestamp, value, is_nan)
  SELECT l.run_number, l.key, ROW_NUMBER() OVER (PARTITION BY l.run_number ORDER BY l.key), r.experiment_number,
    r.start_time, l.step, l.timestamp, l.value, l.is_nan
  FROM latest_metrics_1 l JOIN runs r ON r.run_number = l.run_number ORDER BY l.run_number, l.key;
CREATE TABLE metrics (
  run_number BIGINT NOT NULL,
  series BIGINT NOT NULL,
  step BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_number, series, step, timestamp, value, is_nan)
) {{clustered}};
INSERT INTO metrics (run_number, series, step, timestamp, value, is_nan)
  SELECT m.run_number, l.series, m.step, m.timestamp, m.value, m.is_nan
  FROM metrics_1 m JOIN latest_metrics l ON l.run_number = m.run_number AND l.key = m.key
  ORDER BY m.run_number, l.series, m.step, m.timestamp, m.value, m.is_nan;
DROP TABLE metrics_1;
DROP TABLE latest_metrics_1;
CREATE INDEX latest_metrics_by_value
  ON latest_metrics (experiment_number, key, is_nan, value, start_time, run_number);

DROP INDEX params_by_value;
ALTER TABLE params RENAME TO params_1;
CREATE TABLE params (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  head TEXT NOT NULL,
  is_cut BIGINT NOT NULL,
  experiment_number BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
INSERT INTO params (run_number, key, value, head, is_cut, experiment_number, start_time)
  SELECT p.run_number, p.key, p.value, SUBSTR(p.value, 1, 64),
    CASE WHEN p.value = SUBSTR(p.value, 1, 64) THEN 0 ELSE 1 END, r.experiment_number, r.start_time
  FROM params_1 p JOIN runs r ON r.run_number = p.run_number ORDER BY p.run_number, p.key;
DROP TABLE params_1;
CREATE INDEX params_by_value ON params (experiment_number, key, head, start_time, run_number, is_cut);
CREATE INDEX params_cut ON params (experiment_number, key) WHERE is_cut = 1;

DROP INDEX run_tags_by_value;
ALTER TABLE run_tags RENAME TO run_tags_1;
CREATE TABLE run_tags (
  run_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  head TEXT NOT NULL,
  is_cut BIGINT NOT NULL,
  experiment_number BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  PRIMARY KEY (run_number, key)
) {{clustered}};
INSERT INTO run_tags (run_number, key, value, head, is_cut, experiment_number, start_time)
  SELECT t.run_number, t.key, t.value, SUBSTR(t.value, 1, 64),
    CASE WHEN t.value = SUBSTR(t.value, 1, 64) THEN 0 ELSE 1 END, r.experiment_number, r.start_time
  FROM run_tags_1 t JOIN runs r ON r.run_number = t.run_number ORDER BY t.run_number, t.key;
DROP TABLE run_tags_1;
CREATE INDEX run_tags_by_value ON run_tags (experiment_number, key, head, start_time, run_number, is_cut);
CREATE INDEX run_tags_cut ON run_tags (experiment_number, key) WHERE is_cut = 1;
)";

}  // namespace

std::vector<sql::Migration> migrations() {
  return {{.module = "tracking", .version = 1, .statements = first},
          {.module = "tracking", .version = 2, .statements = second},
          {.module = "tracking_purge", .version = 1, .statements = purge_schema}};
}

}  // namespace ciclo::tracking
