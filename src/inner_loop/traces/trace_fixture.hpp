// MLflow's API with traces over a router and a database of either engine.
#pragma once

#include <string>
#include <vector>

#include "inner_loop/traces/handlers.hpp"
#include "inner_loop/traces/migrations.hpp"
#include "inner_loop/tracking/api_fixture.hpp"

namespace ciclo::traces::testing {

using tracking::testing::Answer;

class TraceFixture : public tracking::testing::ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto all = tracking::migrations();
    for (const auto& migration : migrations()) all.push_back(migration);
    const auto migrated = database_->migrate(all);
    ASSERT_TRUE(migrated) << migrated.error().text();
    traces_ = std::make_unique<TraceService>(*database_, clock_, tracking_->experiments);
    const auto added = add_trace_routes(router_, *traces_, *blobs_);
    ASSERT_TRUE(added) << added.error().text();
  }

  Answer post3(const std::string& path, const Json& body) const { return wire_.post("/api/3.0/mlflow/" + path, body); }
  Answer get3(const std::string& path) const { return wire_.get("/api/3.0/mlflow/" + path); }
  Answer patch3(const std::string& path, const Json& body) const {
    return wire_.send(http::Method::patch, "/api/3.0/mlflow/" + path, to_text(body));
  }

  static Json location(const std::string& experiment) {
    return {{"type", "MLFLOW_EXPERIMENT"}, {"mlflow_experiment", {{"experiment_id", experiment}}}};
  }

  // A trace in its final state; `more` is merged into its info.
  Answer start(const std::string& id, std::int64_t time_ms, const Json& more = Json::object(),
               const std::string& experiment = "0") const {
    Json info{{"trace_id", id},
              {"trace_location", location(experiment)},
              {"request_time", format_rfc3339(from_unix_ms(time_ms))},
              {"execution_duration", "0.5s"},
              {"state", "OK"}};
    merge_patch(info, more);
    auto answer = post3("traces", {{"trace", {{"trace_info", info}}}});
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer;
  }

  Answer export_json(const std::vector<Json>& spans, const std::string& experiment = "0",
                     const std::string& run = "") const {
    const Json body{{"resourceSpans", {{{"scopeSpans", {{{"spans", spans}}}}}}}};
    http::Request request;
    request.method = http::Method::post;
    request.path = request.target = "/v1/traces";
    request.headers.add("content-type", "application/json");
    if (!experiment.empty()) request.headers.add("x-mlflow-experiment-id", experiment);
    if (!run.empty()) request.headers.add("x-mlflow-run-id", run);
    request.body = to_text(body);
    const auto match = router_.find(request.method, request.path);
    const auto response = tracking::testing::answer_of(*match.route, request);
    return {.status = response.status, .body = parse_json(response.body).value_or(Json()), .text = response.body};
  }

  // A span of the trace with that last byte; `attributes` in OTLP's form.
  static Json span(int trace, int id, int parent, const Json& attributes = Json::array()) {
    Json made{{"traceId", fmt::format("{:032x}", trace)},
              {"spanId", fmt::format("{:016x}", id)},
              {"name", fmt::format("span{}", id)},
              {"startTimeUnixNano", std::to_string(1'700'000'000'000'000'000 + id * 1'000'000LL)},
              {"endTimeUnixNano", std::to_string(1'700'000'000'000'000'000 + (id + 10) * 1'000'000LL)},
              {"attributes", attributes}};
    if (parent != 0) made["parentSpanId"] = fmt::format("{:016x}", parent);
    return made;
  }
  static Json text_attribute(const std::string& key, const std::string& value) {
    return {{"key", key}, {"value", {{"stringValue", value}}}};
  }
  static std::string id_of(int trace) { return fmt::format("tr-{:032x}", trace); }

  Json info(const std::string& id) const { return at_pointer(get3("traces/" + id).body, "/trace/trace_info"); }

  Json search_request(const std::string& filter, const std::vector<std::string>& order = {}) const {
    return {{"locations", {location("0")}}, {"filter", filter}, {"order_by", order}, {"max_results", 100}};
  }
  // The ids found, without "tr-".
  std::string found(const std::string& filter, const std::vector<std::string>& order = {}) const {
    const auto answer = post3("traces/search", search_request(filter, order));
    EXPECT_EQ(answer.status, 200) << filter << ": " << answer.text;
    std::string ids;
    for (const Json& trace : member(answer.body, "traces")) ids += text_or(trace, "trace_id").substr(3);
    return ids;
  }

  std::unique_ptr<TraceService> traces_;
};

}  // namespace ciclo::traces::testing
