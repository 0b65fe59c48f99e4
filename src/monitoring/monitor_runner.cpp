#include "monitoring/monitor_runner.hpp"

#include <fmt/format.h>

#include <memory>

namespace ciclo::monitoring {

// The production rows of a signal. Several signals look at the same ones: they are read once in a run.
struct MonitorRunner::Side {
  std::shared_ptr<const CollectedTable> table;
  TimeWindow window;
  Json description = Json::object();
};

class MonitorRunner::Gathered {
 public:
  std::map<std::string, Side> sides;
};

namespace {

std::string_view collection_of(const SignalDefinition& signal) {
  return signal.type == SignalType::prediction_drift ? "model_outputs" : "model_inputs";
}

void describe(const CollectedTable& table, Json& json) {
  json["rows"] = table.rows;
  if (table.bad_lines > 0) json["bad_lines"] = table.bad_lines;
  if (table.is_cut) json["cut"] = true;
}

// Overrides decide what is stored, so they are part of the key.
std::string cache_key_of(const LocatedData& located, const SignalDefinition& signal) {
  std::string key = "1 " + located.asset;
  for (const auto& [column, type] : signal.feature_types) key += fmt::format("\n{}={}", column, signals::name_of(type));
  return key;
}

ReferenceColumns columns_of(const CollectedTable& table, const SignalDefinition& signal) {
  ReferenceColumns columns;
  for (const auto& [name, column] : table.columns) {
    const auto wanted = signal.feature_types.find(name);
    auto reference =
        as_reference(column, wanted == signal.feature_types.end() ? std::nullopt : std::optional(wanted->second));
    if (reference) columns.emplace(name, *std::move(reference));
  }
  return columns;
}

}  // namespace

std::int64_t MonitorOutcome::breached() const {
  std::int64_t count = 0;
  for (const auto& signal : signals) count += signal.breached();
  return count;
}

Json MonitorOutcome::to_json() const {
  Json json = Json::object();
  json["breached"] = breached();
  json["signals"] = Json::object();
  for (const auto& signal : signals) json["signals"][signal.name] = monitoring::to_json(signal);
  return json;
}

Result<MonitorOutcome> MonitorRunner::run(const MonitorRequest& request) {
  MonitorOutcome outcome;
  Gathered gathered;
  for (const auto& signal : request.definition.signals) {
    auto result = run_signal(request, signal, gathered);
    if (!result) return Failure(result.error().add_context(fmt::format("signal '{}'", signal.name)));
    outcome.signals.push_back(*std::move(result));
  }
  return outcome;
}

Result<SignalResult> MonitorRunner::run_signal(const MonitorRequest& request, const SignalDefinition& signal,
                                               Gathered& gathered) {
  SignalResult result;
  result.name = signal.name;
  result.type = signal.type;
  result.alert_enabled = signal.alert_enabled;
  if (signal.type == SignalType::not_computed) {
    result.skipped = fmt::format("{} is not computed by this server", signal.type_name);
    return result;
  }
  CICLO_TRY(const Side production, production_of(request, signal, gathered));
  result.production = production.description;
  if (production.table->rows == 0) {
    result.skipped = "there is no production data in the window";
    return result;
  }
  CICLO_TRY(const ReferenceColumns reference, reference_of(request, signal, production, result));
  if (reference.empty()) {
    result.skipped = "the reference has no data";
    return result;
  }
  result.features = evaluate({signal, reference, *production.table});
  if (result.features.empty()) result.skipped = "reference and production have no column in common";
  return result;
}

Result<MonitorRunner::Side> MonitorRunner::production_of(const MonitorRequest& request, const SignalDefinition& signal,
                                                         Gathered& gathered) {
  const TimeWindow window = production_window(signal.production.window, request.run);
  const std::string key = fmt::format("{} {} {} {}", signal.production.path, collection_of(signal),
                                      to_unix_ms(window.start), to_unix_ms(window.end));
  if (const auto found = gathered.sides.find(key); found != gathered.sides.end()) return found->second;
  Side side;
  side.window = window;
  CollectedTable table;
  if (!signal.production.path.empty()) {
    CICLO_TRY(const LocatedData located,
              parts_.locator.locate(request.caller, request.workspace, signal.production.path));
    CICLO_TRY(table, read_table(located.path));
    side.description = {{"path", signal.production.path}};
  } else {
    CICLO_TRY(table, read_collected({parts_.collected_folder(request.workspace), request.definition.endpoint,
                                     request.definition.deployment, std::string(collection_of(signal)), window}));
    side.description = {{"collection", collection_of(signal)}, {"window", to_json(window)}};
  }
  describe(table, side.description);
  side.table = std::make_shared<const CollectedTable>(std::move(table));
  gathered.sides.emplace(key, side);
  return side;
}

Result<ReferenceColumns> MonitorRunner::reference_of(const MonitorRequest& request, const SignalDefinition& signal,
                                                     const Side& production, SignalResult& result) {
  if (!signal.reference.path.empty()) {
    result.reference = {{"path", signal.reference.path}};
    if (!signal.reference.context.empty()) result.reference["data_context"] = signal.reference.context;
    return stored_reference(request, signal);
  }
  const TimeWindow window = reference_window(signal.reference.window, request.run, production.window);
  CICLO_TRY(const CollectedTable table,
            read_collected({parts_.collected_folder(request.workspace), request.definition.endpoint,
                            request.definition.deployment, std::string(collection_of(signal)), window}));
  result.reference = {{"collection", collection_of(signal)}, {"window", to_json(window)}};
  describe(table, result.reference);
  return columns_of(table, signal);
}

Result<ReferenceColumns> MonitorRunner::stored_reference(const MonitorRequest& request,
                                                         const SignalDefinition& signal) {
  CICLO_TRY(const LocatedData located, parts_.locator.locate(request.caller, request.workspace, signal.reference.path));
  if (located.asset.empty()) return read_reference(located.path, signal.feature_types);
  const std::string key = cache_key_of(located, signal);
  CICLO_TRY(const auto stored,
            parts_.database.read([&](sql::Session& session) { return store_.find_reference(session, key); }));
  if (stored) {
    // A stored form that is not understood any more is made anew.
    if (auto columns = reference_columns_from_json(*stored)) return columns;
  }
  CICLO_TRY(ReferenceColumns columns, read_reference(located.path, signal.feature_types));
  const Json json = to_json(columns);
  CICLO_CHECK(parts_.database.write(
      [&](sql::Session& session) { return store_.put_reference(session, key, json, parts_.clock.now()); }));
  return columns;
}

}  // namespace ciclo::monitoring
