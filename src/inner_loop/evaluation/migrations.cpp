#include "inner_loop/evaluation/migrations.hpp"

namespace ciclo::evaluation {
namespace {

constexpr std::string_view first = R"(
CREATE TABLE scorers (
  scorer_id TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (workspace, experiment_id, name)
);
CREATE TABLE scorer_versions (
  scorer_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  serialized TEXT NOT NULL,
  creation_time BIGINT NOT NULL,
  PRIMARY KEY (scorer_id, version)
);
CREATE TABLE scorer_online (
  scorer_id TEXT NOT NULL PRIMARY KEY,
  config_id TEXT NOT NULL,
  filter TEXT NOT NULL
);
CREATE TABLE evaluation_datasets (
  dataset_id TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  schema_json TEXT NOT NULL,
  records BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL
);
CREATE INDEX evaluation_datasets_by_creation ON evaluation_datasets (workspace, created_time DESC, dataset_id DESC);
CREATE INDEX evaluation_datasets_by_name ON evaluation_datasets (workspace, name);
CREATE TABLE evaluation_dataset_tags (
  dataset_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (dataset_id, key)
);
CREATE TABLE evaluation_dataset_experiments (
  dataset_id TEXT NOT NULL,
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, experiment_id)
);
CREATE INDEX evaluation_dataset_experiments_by_experiment
  ON evaluation_dataset_experiments (workspace, experiment_id, dataset_id);
CREATE TABLE evaluation_records (
  record_id TEXT NOT NULL PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  outputs TEXT NOT NULL,
  expectations TEXT NOT NULL,
  tags TEXT NOT NULL,
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  UNIQUE (dataset_id, input_hash)
);
CREATE INDEX evaluation_records_by_creation ON evaluation_records (dataset_id, created_time, record_id);
)";

// Ids were unique over all workspaces before.
constexpr std::string_view second = R"(
DROP INDEX evaluation_datasets_by_creation;
DROP INDEX evaluation_datasets_by_name;
DROP INDEX evaluation_dataset_experiments_by_experiment;
DROP INDEX evaluation_records_by_creation;
ALTER TABLE scorers RENAME TO scorers_before;
ALTER TABLE scorer_versions RENAME TO scorer_versions_before;
ALTER TABLE scorer_online RENAME TO scorer_online_before;
ALTER TABLE evaluation_datasets RENAME TO evaluation_datasets_before;
ALTER TABLE evaluation_dataset_tags RENAME TO evaluation_dataset_tags_before;
ALTER TABLE evaluation_dataset_experiments RENAME TO evaluation_dataset_experiments_before;
ALTER TABLE evaluation_records RENAME TO evaluation_records_before;
CREATE TABLE scorers (
  scorer_number {{auto_id}},
  workspace TEXT NOT NULL,
  scorer_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (workspace, experiment_id, name),
  UNIQUE (workspace, scorer_id)
);
CREATE TABLE scorer_versions (
  scorer_number BIGINT NOT NULL,
  version BIGINT NOT NULL,
  serialized TEXT NOT NULL,
  creation_time BIGINT NOT NULL,
  PRIMARY KEY (scorer_number, version)
) {{clustered}};
CREATE TABLE scorer_online (
  scorer_number BIGINT NOT NULL PRIMARY KEY,
  config_id TEXT NOT NULL,
  filter TEXT NOT NULL
);
CREATE TABLE evaluation_datasets (
  dataset_number {{auto_id}},
  workspace TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  schema_json TEXT NOT NULL,
  records BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  UNIQUE (workspace, dataset_id)
);
CREATE INDEX evaluation_datasets_by_creation ON evaluation_datasets (workspace, created_time DESC, dataset_id DESC);
CREATE INDEX evaluation_datasets_by_name ON evaluation_datasets (workspace, name);
CREATE TABLE evaluation_dataset_tags (
  dataset_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (dataset_number, key)
) {{clustered}};
CREATE TABLE evaluation_dataset_experiments (
  dataset_number BIGINT NOT NULL,
  workspace TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  PRIMARY KEY (dataset_number, experiment_id)
) {{clustered}};
CREATE INDEX evaluation_dataset_experiments_by_experiment
  ON evaluation_dataset_experiments (workspace, experiment_id, dataset_number);
CREATE TABLE evaluation_records (
  dataset_number BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  outputs TEXT NOT NULL,
  expectations TEXT NOT NULL,
  tags TEXT NOT NULL,
  source TEXT NOT NULL,
  created_by TEXT NOT NULL,
  last_updated_by TEXT NOT NULL,
  created_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  PRIMARY KEY (dataset_number, record_id),
  UNIQUE (dataset_number, input_hash)
);
CREATE INDEX evaluation_records_by_creation ON evaluation_records (dataset_number, created_time, record_id);
INSERT INTO scorers (workspace, scorer_id, experiment_id, name)
  SELECT workspace, scorer_id, experiment_id, name FROM scorers_before;
INSERT INTO scorer_versions (scorer_number, version, serialized, creation_time)
  SELECT s.scorer_number, v.version, v.serialized, v.creation_time
  FROM scorer_versions_before v JOIN scorers s ON s.scorer_id = v.scorer_id;
INSERT INTO scorer_online (scorer_number, config_id, filter)
  SELECT s.scorer_number, o.config_id, o.filter FROM scorer_online_before o JOIN scorers s ON s.scorer_id = o.scorer_id;
INSERT INTO evaluation_datasets (workspace, dataset_id, name, digest, schema_json, records, created_by,
    last_updated_by, created_time, last_update_time)
  SELECT workspace, dataset_id, name, digest, schema_json, records, created_by, last_updated_by, created_time,
    last_update_time FROM evaluation_datasets_before;
INSERT INTO evaluation_dataset_tags (dataset_number, key, value)
  SELECT d.dataset_number, t.key, t.value
  FROM evaluation_dataset_tags_before t JOIN evaluation_datasets d ON d.dataset_id = t.dataset_id;
INSERT INTO evaluation_dataset_experiments (dataset_number, workspace, experiment_id)
  SELECT d.dataset_number, e.workspace, e.experiment_id
  FROM evaluation_dataset_experiments_before e JOIN evaluation_datasets d ON d.dataset_id = e.dataset_id;
INSERT INTO evaluation_records (dataset_number, record_id, input_hash, inputs, outputs, expectations, tags, source,
    created_by, last_updated_by, created_time, last_update_time)
  SELECT d.dataset_number, r.record_id, r.input_hash, r.inputs, r.outputs, r.expectations, r.tags, r.source,
    r.created_by, r.last_updated_by, r.created_time, r.last_update_time
  FROM evaluation_records_before r JOIN evaluation_datasets d ON d.dataset_id = r.dataset_id;
DROP TABLE scorers_before;
DROP TABLE scorer_versions_before;
DROP TABLE scorer_online_before;
DROP TABLE evaluation_datasets_before;
DROP TABLE evaluation_dataset_tags_before;
DROP TABLE evaluation_dataset_experiments_before;
DROP TABLE evaluation_records_before;
)";

}  // namespace

std::vector<sql::Migration> migrations() {
  return {{.module = "evaluation", .version = 1, .statements = first},
          {.module = "evaluation", .version = 2, .statements = second}};
}

}  // namespace ciclo::evaluation
