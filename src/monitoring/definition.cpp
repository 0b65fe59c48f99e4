#include "monitoring/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "resources/reference.hpp"

namespace ciclo::monitoring {
namespace {

using signals::FeatureType;
using signals::Metric;

constexpr std::array<std::string_view, 3> kSignalTypes{"data_drift", "prediction_drift", "data_quality"};
constexpr std::array<std::string_view, 5> kNotComputed{"feature_attribution_drift", "model_performance", "custom",
                                                       "generation_safety_quality", "generation_token_statistics"};
constexpr Milliseconds kLeastReference = std::chrono::days(7);

Failure invalid(std::string message, std::string pointer, std::string hint = {}) {
  return fail(ErrorCode::invalid, std::move(message), "/create_monitor" + std::move(pointer), std::move(hint));
}

Result<std::optional<Milliseconds>> duration_at(const Json& object, std::string_view key, const std::string& pointer) {
  const std::string text = text_or(object, key);
  if (text.empty()) return std::nullopt;
  auto duration = parse_duration(text);
  if (!duration) return invalid(duration.error().message, pointer + "/" + std::string(key), duration.error().hint);
  return *duration;
}

Result<DataWindow> parse_window(const Json& source, const std::string& pointer) {
  DataWindow window;
  const Json& json = member(source, "data_window");
  const std::string place = pointer + "/data_window";
  CICLO_TRY(window.size, duration_at(json, "lookback_window_size", place));
  if (!window.size) {
    CICLO_TRY(window.size, duration_at(json, "trailing_window_size", place));
  }
  if (!window.size) {
    CICLO_TRY(window.size, duration_at(source, "data_window_size", pointer));
  }
  CICLO_TRY(window.offset, duration_at(json, "lookback_window_offset", place));
  if (!window.offset) {
    CICLO_TRY(window.offset, duration_at(json, "trailing_window_offset", place));
  }
  if (window.size && *window.size <= Milliseconds(0)) return invalid("the window has no length", place);
  const std::string start = text_or(json, "window_start");
  if (start.empty()) return window;
  const auto from = parse_rfc3339(start);
  const auto until = parse_rfc3339(text_or(json, "window_end"));
  if (!from || !until || *from >= *until) {
    return invalid("the window does not start before it ends", place, "write 2026-03-01T00:00:00Z");
  }
  if (window.size || window.offset) return invalid("a window is rolling or fixed, not both", place);
  window.fixed = TimeWindow{*from, *until};
  return window;
}

Result<DataSource> parse_source(const Json& json, const std::string& pointer) {
  DataSource source;
  source.path = text_or(member(json, "input_data"), "path");
  source.context = text_or(json, "data_context");
  CICLO_TRY(source.window, parse_window(json, pointer));
  const Json& names = member(json, "data_column_names");
  source.target_column = text_or(names, "target_column", text_or(json, "target_column_name"));
  source.prediction_column = text_or(names, "prediction_column");
  return source;
}

Result<std::vector<signals::AlertRule>> parse_rules(const Json& thresholds, FeatureType type,
                                                    const std::string& pointer) {
  std::vector<signals::AlertRule> rules;
  for (const auto& [name, threshold] : thresholds.items()) {
    const auto metric = signals::parse_metric(name);
    if (!metric || !signals::applies_to(*metric, type) || !threshold.is_number()) {
      return invalid(fmt::format("'{}' is no metric of {} columns", name, signals::name_of(type)),
                     pointer + "/" + escape_pointer_token(name));
    }
    rules.push_back(signals::rule_for(*metric, threshold.get<double>()));
  }
  return rules;
}

Result<void> parse_thresholds(const Json& json, const std::string& pointer, SignalDefinition& signal) {
  const Json& thresholds = member(json, "metric_thresholds");
  for (const FeatureType type : {FeatureType::numerical, FeatureType::categorical}) {
    auto& rules = type == FeatureType::numerical ? signal.numerical : signal.categorical;
    const Json& given = member(thresholds, signals::name_of(type));
    CICLO_TRY(rules, parse_rules(given, type, fmt::format("{}/metric_thresholds/{}", pointer, signals::name_of(type))));
    // Who names thresholds for one type of column only wants that one.
    if (!thresholds.is_null()) continue;
    rules =
        signal.type == SignalType::data_quality ? signals::default_quality_rules() : signals::default_drift_rules(type);
  }
  return {};
}

Result<SignalDefinition> parse_signal(const std::string& name, const Json& json, const std::string& pointer) {
  SignalDefinition signal;
  signal.name = name;
  signal.type_name = text_or(json, "type");
  if (std::ranges::find(kNotComputed, signal.type_name) != kNotComputed.end()) {
    signal.type = SignalType::not_computed;
    signal.alert_enabled = false;
    return signal;
  }
  const auto type = std::ranges::find(kSignalTypes, signal.type_name);
  if (type == kSignalTypes.end()) return invalid("there is no such signal", pointer + "/type");
  signal.type = static_cast<SignalType>(type - kSignalTypes.begin());
  CICLO_TRY(signal.production, parse_source(member(json, "production_data"), pointer + "/production_data"));
  CICLO_TRY(signal.reference, parse_source(member(json, "reference_data"), pointer + "/reference_data"));
  if (const Json& features = member(json, "features"); features.is_array()) {
    for (const Json& feature : features) signal.features.push_back(feature.get<std::string>());
  }
  for (const auto& [column, wanted] : member(json, "feature_type_override").items()) {
    signal.feature_types[column] = wanted == "numerical" ? FeatureType::numerical : FeatureType::categorical;
  }
  signal.alert_enabled = member(json, "alert_enabled") != Json(false);
  CICLO_CHECK(parse_thresholds(json, pointer, signal));
  return signal;
}

}  // namespace

std::string_view name_of(SignalType type) {
  return type == SignalType::not_computed ? "not_computed" : kSignalTypes[static_cast<std::size_t>(type)];
}

std::vector<std::string> MonitorDefinition::warnings() const {
  std::vector<std::string> found;
  for (const auto& signal : signals) {
    if (signal.type != SignalType::not_computed) continue;
    found.push_back(
        fmt::format("signal '{}' is skipped: {} is not computed by this server", signal.name, signal.type_name));
  }
  return found;
}

Json to_json(const TimeWindow& window) {
  return {{"start", format_rfc3339(window.start)}, {"end", format_rfc3339(window.end)}};
}

Result<MonitorDefinition> parse_monitor(const Json& create_monitor) {
  MonitorDefinition monitor;
  const std::string target = text_or(member(create_monitor, "monitoring_target"), "endpoint_deployment_id");
  const auto parts = split(target, ':');
  if (parts.size() > 1) monitor.endpoint = parts[1];
  if (parts.size() > 2) monitor.deployment = parts[2];
  for (const std::string& name : {monitor.endpoint, monitor.deployment}) {
    // They become names of folders.
    const auto good = name.empty() ? Result<void>() : resources::check_name(name, "name");
    if (!good) return invalid(good.error().message, "/monitoring_target/endpoint_deployment_id", good.error().hint);
  }
  Json wanted = member(create_monitor, "monitoring_signals");
  if (!wanted.is_object() || wanted.empty()) {
    wanted = Json::object();
    for (const std::string_view type : kSignalTypes) wanted[std::string(type)] = {{"type", type}};
  }
  for (const auto& [name, json] : wanted.items()) {
    const std::string pointer = "/monitoring_signals/" + escape_pointer_token(name);
    CICLO_TRY(SignalDefinition signal, parse_signal(name, json, pointer));
    if (signal.type == SignalType::not_computed) {
      monitor.signals.push_back(std::move(signal));
      continue;
    }
    if (monitor.endpoint.empty() && signal.production.path.empty()) {
      return invalid("it is not said what is monitored", "/monitoring_target",
                     "add endpoint_deployment_id: azureml:<endpoint>:<deployment>");
    }
    if (monitor.endpoint.empty() && signal.reference.path.empty()) {
      return invalid("there is nothing to compare with", pointer + "/reference_data");
    }
    monitor.signals.push_back(std::move(signal));
  }
  for (const Json& email : member(member(create_monitor, "alert_notification"), "emails")) {
    monitor.emails.push_back(email.get<std::string>());
  }
  return monitor;
}

TimeWindow production_window(const DataWindow& window, const RunTimes& run) {
  if (window.fixed) return *window.fixed;
  const TimePoint end = run.at - window.offset.value_or(Milliseconds(0));
  return {end - window.size.value_or(run.interval), end};
}

TimeWindow reference_window(const DataWindow& window, const RunTimes& run, const TimeWindow& production) {
  if (window.fixed) return *window.fixed;
  const TimePoint end = window.offset ? run.at - *window.offset : production.start;
  const Milliseconds least = std::max(kLeastReference, Milliseconds(production.end - production.start));
  return {end - window.size.value_or(least), end};
}

}  // namespace ciclo::monitoring
