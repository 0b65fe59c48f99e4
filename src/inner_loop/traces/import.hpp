// Traces of another MLflow store, as they stand there; the rules are those of tracking's import (import_service.hpp).
//
// A trace is found by its id. One that is here takes in what is new of it: the final state if it was in progress, tags,
// metadata, assessments, spans and links. So a trace may come in several calls, each with some of its spans.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/traces/assessment_store.hpp"
#include "inner_loop/traces/span_store.hpp"
#include "inner_loop/traces/trace_store.hpp"
#include "inner_loop/tracking/import_types.hpp"
#include "inner_loop/tracking/service.hpp"
#include "platform/http/router.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::traces {

struct ImportedTrace {
  Trace trace;  // with tags, metadata and assessments; its experiment's id is this server's
  std::vector<Span> spans;
  bool has_stored_spans = false;  // not in a file beside its artifacts
  std::vector<std::string> run_ids;
  std::vector<std::string> prompts;  // "name/version"
};
// {"trace_info": as MLflow's API 3.0 has it, "spans": [as in traces.json], "run_ids": […], "prompts": […]}. Fails with
// invalid, too_large.
Result<ImportedTrace> imported_trace(const Json& item);

class TraceImport {
 public:
  TraceImport(sql::Database& database, tracking::ExperimentService& experiments)
      : database_(database), experiments_(experiments) {}

  // The malformed ones are refused one by one. Fails with not_found for an unknown workspace.
  Result<std::vector<tracking::ImportOutcome>> take(const std::string& workspace, const Json& items);

 private:
  Result<tracking::ImportOutcome> take_in(sql::Session& session, const ImportedTrace& item) const;
  Result<void> add_in(sql::Session& session, const ImportedTrace& item, const tracking::Experiment& experiment) const;
  Result<tracking::ImportOutcome> merge_in(sql::Session& session, const Trace& here, const ImportedTrace& item) const;
  // Whether anything came in.
  Result<bool> merge_state_in(sql::Session& session, Trace here, const Trace& there,
                              std::vector<std::string>& differences) const;
  Result<bool> merge_details_in(sql::Session& session, const Trace& here, const ImportedTrace& item,
                                std::vector<std::string>& differences) const;
  Result<void> link_in(sql::Session& session, std::int64_t number, const ImportedTrace& item) const;

  sql::Database& database_;
  tracking::ExperimentService& experiments_;
  TraceStore store_;
  SpanStore spans_;
  AssessmentStore assessments_;
};

// POST …/import/traces. `imports` must outlive the router.
Result<void> add_import_routes(http::Router& router, TraceImport& imports);

}  // namespace ciclo::traces
