// Traces put into a running MLflow server of 3.x: their spans by OTLP, then their final state, which says that all is
// there. They keep their ids.
//
// Thread safety: one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "portability/rest_client.hpp"
#include "portability/sink.hpp"

namespace ciclo::portability {

class RestTraceSink {
 public:
  // The id that a run of the source has in the target; empty for one that is not there.
  using RunId = std::function<std::string(const std::string&)>;
  // `client` must outlive it.
  RestTraceSink(RestClient& client, RunId run_id) : client_(client), run_id_(std::move(run_id)) {}

  Result<Outcome> put(const Json& item);
  // Where the trace's files are in the target; nothing for one that was not put.
  std::optional<std::string> artifact_uri(const std::string& trace_id) const;

 private:
  // What the target has of it; null for nothing.
  Result<Json> find(const std::string& trace_id);
  Result<void> send_spans(const Json& item);
  // What the target has of it then.
  Result<Json> send_info(Json info);
  // Those that the target does not have: new ones, and those that override others, which only made one by one make the
  // others invalid.
  Result<void> send_assessments(const Json& info, const Json& there);
  Result<void> send_links(const Json& item);
  Json renamed_runs(const Json& info) const;

  RestClient& client_;
  RunId run_id_;
  std::map<std::string, std::string> places_;
};

}  // namespace ciclo::portability
