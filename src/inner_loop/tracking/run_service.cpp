#include <fmt/format.h>

#include "base/json.hpp"
#include "inner_loop/tracking/search_sql.hpp"
#include "inner_loop/tracking/service.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view model_history_tag = "mlflow.log-model.history";
constexpr std::size_t max_model_json = 1U << 20U;

Json position_of(const Metric& metric) {
  const StoredValue stored = stored_value(metric.value);
  return Json::array({metric.step, metric.timestamp, stored.value, stored.is_nan});
}

Result<Metric> metric_at(const Json& position) {
  const bool is_valid = position.is_array() && position.size() == 4 && position[0].is_number_integer() &&
                        position[1].is_number_integer() && position[2].is_number() && position[3].is_boolean();
  if (!is_valid) return fail(ErrorCode::invalid, "Invalid page token", "page_token");
  Metric metric;
  metric.step = position[0].get<std::int64_t>();
  metric.timestamp = position[1].get<std::int64_t>();
  metric.value = position[3].get<bool>() ? std::numeric_limits<double>::quiet_NaN() : position[2].get<double>();
  return metric;
}

}  // namespace

Result<Run> RunService::create(NewRun request) {
  if (!request.run_id.empty()) CICLO_CHECK(check_id(request.run_id, "run id"));
  for (const Tag& tag : request.tags) CICLO_CHECK(check_run_tag(tag));
  for (const Param& param : request.params) CICLO_CHECK(check_param(param));
  const auto tagged = find_tag(request.tags, run_name_tag);
  if (tagged && !request.name.empty() && *tagged != request.name) {
    return fail(
        ErrorCode::invalid,
        fmt::format("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
                    "(run_name='{}', mlflow.runName='{}')",
                    request.name, *tagged));
  }
  CICLO_CHECK(experiments_.ensure_default(request.workspace));
  if (request.start_time == 0) request.start_time = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) { return store_.create_run_in(session, request); });
}

Result<Run> RunService::get(const RunRef& ref) {
  return database_.read([&](sql::Session& session) -> Result<Run> {
    CICLO_TRY(auto run, store_.get(session, ref));
    std::vector<Run> runs{std::move(run)};
    CICLO_CHECK(store_.load_details(session, runs));
    return std::move(runs.front());
  });
}

Result<std::vector<Run>> RunService::get_many(const std::string& workspace, const std::vector<std::string>& run_ids,
                                              const DetailKeys& keys) {
  return database_.read([&](sql::Session& session) -> Result<std::vector<Run>> {
    std::vector<Run> runs;
    for (const std::string& id : run_ids) {
      CICLO_TRY(auto run, store_.get(session, {.workspace = workspace, .run_id = id}));
      runs.push_back(std::move(run));
    }
    CICLO_CHECK(store_.load_details(session, runs, keys));
    return runs;
  });
}

Result<Run> RunService::update(const RunUpdate& request) {
  if (!request.name.empty()) CICLO_CHECK(check_run_tag({std::string(run_name_tag), request.name}));
  return database_.write([&](sql::Session& session) -> Result<Run> {
    CICLO_TRY(auto run, store_.get_active(session, request.ref));
    if (!run.is_managed) {
      run.status = request.status.value_or(run.status);
      if (request.end_time) run.end_time = request.end_time;
    }
    CICLO_CHECK(store_.update_in(session, run));
    if (!request.name.empty()) {
      run.name = request.name;
      CICLO_CHECK(store_.set_tags_in(session, request.ref, {{std::string(run_name_tag), request.name}}));
    }
    return run;
  });
}

Result<void> RunService::set_lifecycle(const RunRef& ref, Lifecycle stage) {
  const std::int64_t now = to_unix_ms(clock_.now());
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto run, store_.get(session, ref));
    if (run.stage == stage) return {};
    return store_.set_lifecycle_in(session, run, stage, now);
  });
}

Result<void> RunService::log_metric(const RunRef& ref, const Metric& metric) {
  CICLO_CHECK(check_metric(metric));
  return database_.write([&](sql::Session& session) { return metrics_.log_one_in(session, ref, metric); });
}

Result<void> RunService::log_param(const RunRef& ref, const Param& param) {
  CICLO_CHECK(check_param(param));
  return database_.write([&](sql::Session& session) { return store_.log_params_in(session, ref, {param}); });
}

Result<void> RunService::log_batch(const RunRef& ref, const Batch& batch) {
  CICLO_CHECK(check_batch(batch));
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_CHECK(store_.log_params_in(session, ref, batch.params));
    CICLO_CHECK(metrics_.log_in(session, ref, batch.metrics));
    return store_.set_tags_in(session, ref, batch.tags);
  });
}

Result<void> RunService::set_tag(const RunRef& ref, const Tag& tag) {
  CICLO_CHECK(check_run_tag(tag));
  return database_.write([&](sql::Session& session) { return store_.set_tags_in(session, ref, {tag}); });
}

Result<void> RunService::delete_tag(const RunRef& ref, const std::string& key) {
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto run, store_.get_active(session, ref));
    return store_.delete_tag_in(session, run, key);
  });
}

Result<void> RunService::log_inputs(const RunRef& ref, const RunInputs& inputs) {
  for (const DatasetInput& input : inputs.datasets) CICLO_CHECK(check_dataset_input(input));
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto run, store_.get_active(session, ref));
    CICLO_CHECK(store_.log_inputs_in(session, run, inputs.datasets, inputs.models));
    return inputs_logged_ && !inputs.datasets.empty() ? inputs_logged_(session, run) : Result<void>();
  });
}

Result<void> RunService::log_outputs(const RunRef& ref, const std::vector<ModelUse>& models) {
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto run, store_.get_active(session, ref));
    return store_.log_outputs_in(session, run, models);
  });
}

Result<void> RunService::log_model(const RunRef& ref, const std::string& model_json) {
  CICLO_TRY(const auto model, parse_json(model_json));
  if (!model.is_object() || !model.contains("artifact_path") || !model.contains("flavors")) {
    return fail(ErrorCode::invalid, "Malformed model info: it needs artifact_path and flavors", "model_json");
  }
  return database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto run, store_.get_active(session, ref));
    CICLO_TRY(const auto row, session.query_one("SELECT value FROM run_tags WHERE run_number = ? AND key = ?",
                                                {run.number, model_history_tag}));
    Json history = Json::array();
    if (row) {
      if (auto earlier = parse_json(row->text(0)); earlier && earlier->is_array()) history = std::move(*earlier);
    }
    history.push_back(model);
    std::string text = to_text(history);
    if (text.size() > max_model_json)
      return fail(ErrorCode::invalid, "the run holds too many logged models", "model_json");
    return store_.set_tags_in(session, ref, {{std::string(model_history_tag), std::move(text)}});
  });
}

Result<Page<Run>> RunService::search(const SearchRequest& request) {
  return database_.read([&](sql::Session& session) { return search_runs(session, request); });
}

Result<Page<Metric>> RunService::history(HistoryRequest request, const std::string& page_token) {
  const std::string purpose =
      fmt::format("history\n{}\n{}\n{}", request.run.workspace, request.run.run_id, request.key);
  if (!page_token.empty()) {
    CICLO_TRY(const auto position, read_page_token(purpose, page_token));
    CICLO_TRY(request.after, metric_at(position));
  }
  const std::size_t limit = request.limit++;
  CICLO_TRY(auto found, database_.read([&](sql::Session& session) { return metrics_.history(session, request); }));
  Page<Metric> page{.items = std::move(found), .next_page_token = {}};
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next_page_token = make_page_token(purpose, position_of(page.items.back()));
  }
  return page;
}

Result<std::vector<Metric>> RunService::sample(const SampleRequest& request) {
  return database_.read([&](sql::Session& session) { return metrics_.sample(session, request); });
}

}  // namespace ciclo::tracking
