#include "inner_loop/traces/migrations.hpp"

namespace ciclo::traces {
namespace {

constexpr std::string_view first = R"(
CREATE TABLE traces (
  trace_number {{auto_id}},
  workspace TEXT NOT NULL,
  trace_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  execution_time_ms BIGINT,
  state BIGINT NOT NULL,
  name TEXT,
  client_request_id TEXT,
  request_preview TEXT,
  response_preview TEXT,
  session_id TEXT,
  input_tokens BIGINT,
  output_tokens BIGINT,
  total_tokens BIGINT,
  cache_read_input_tokens BIGINT,
  cache_creation_input_tokens BIGINT,
  cache_creation_input_tokens_above_1hr BIGINT,
  input_cost DOUBLE PRECISION,
  output_cost DOUBLE PRECISION,
  total_cost DOUBLE PRECISION,
  is_finalized BIGINT NOT NULL,
  UNIQUE (workspace, trace_id)
);
CREATE INDEX traces_by_time ON traces (workspace, experiment_id, timestamp_ms DESC, trace_id);
CREATE INDEX traces_by_name ON traces (workspace, experiment_id, name, timestamp_ms DESC, trace_id);
CREATE INDEX traces_by_state ON traces (workspace, experiment_id, state, timestamp_ms DESC, trace_id);
CREATE INDEX traces_by_session ON traces (workspace, session_id, trace_number) WHERE session_id IS NOT NULL;
CREATE INDEX traces_by_client_request ON traces (workspace, client_request_id) WHERE client_request_id IS NOT NULL;
CREATE TABLE trace_tags (
  trace_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (trace_number, key)
) {{clustered}};
CREATE INDEX trace_tags_by_value ON trace_tags (key, value_hash, trace_number) WHERE value_hash <> 0;
CREATE TABLE trace_metadata (
  trace_number BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  value_hash BIGINT NOT NULL,
  PRIMARY KEY (trace_number, key)
) {{clustered}};
CREATE INDEX trace_metadata_by_value ON trace_metadata (key, value_hash, trace_number) WHERE value_hash <> 0;
CREATE TABLE trace_spans (
  trace_number BIGINT NOT NULL,
  span_id TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  start_ns BIGINT NOT NULL,
  end_ns BIGINT NOT NULL,
  model_name TEXT NOT NULL,
  model_provider TEXT NOT NULL,
  token_usage TEXT NOT NULL,
  has_cost BIGINT NOT NULL,
  input_cost DOUBLE PRECISION,
  output_cost DOUBLE PRECISION,
  total_cost DOUBLE PRECISION,
  PRIMARY KEY (trace_number, span_id)
) {{clustered}};
CREATE TABLE trace_span_contents (
  trace_number BIGINT NOT NULL,
  span_id TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (trace_number, span_id)
) {{clustered}};
CREATE TABLE trace_assessments (
  trace_number BIGINT NOT NULL,
  assessment_id TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  value TEXT NOT NULL,
  number_value DOUBLE PRECISION,
  is_number BIGINT NOT NULL,
  error TEXT,
  source_type TEXT NOT NULL,
  source_id TEXT NOT NULL,
  rationale TEXT NOT NULL,
  span_id TEXT NOT NULL,
  overrides TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  last_update_time BIGINT NOT NULL,
  is_valid BIGINT NOT NULL,
  is_of_session BIGINT NOT NULL,
  metadata TEXT NOT NULL,
  PRIMARY KEY (trace_number, assessment_id)
) {{clustered}};
CREATE INDEX trace_assessments_by_name ON trace_assessments (type, name, trace_number);
CREATE INDEX trace_assessments_of_sessions ON trace_assessments (type, name) WHERE is_of_session = 1;
CREATE TABLE trace_runs (
  trace_number BIGINT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (trace_number, run_id)
) {{clustered}};
CREATE INDEX trace_runs_by_run ON trace_runs (run_id, trace_number);
CREATE TABLE trace_prompts (
  trace_number BIGINT NOT NULL,
  prompt TEXT NOT NULL,
  PRIMARY KEY (trace_number, prompt)
) {{clustered}};
CREATE INDEX trace_prompts_by_prompt ON trace_prompts (prompt, trace_number);
)";

}  // namespace

std::vector<sql::Migration> migrations() {
  return {{.module = "traces", .version = 1, .statements = first}};
}

}  // namespace ciclo::traces
