#include "outer_loop/triggers/types.hpp"

#include <fmt/format.h>

#include <array>

#include "base/duration.hpp"
#include "base/jmespath.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::array<std::string_view, 5> kActions{"create_job", "promote", "update_traffic", "webhook", "notify"};

Result<void> check_traffic(const Json& settings) {
  std::int64_t total = 0;
  for (const auto& [deployment, percent] : member(settings, "traffic").items()) total += percent.get<std::int64_t>();
  if (total == 100 || total == 0) return {};
  return fail(ErrorCode::invalid, fmt::format("the traffic adds up to {}, not 100", total),
              "/action/update_traffic/traffic");
}

Result<TriggerLimits> parse_limits(const Json& json) {
  TriggerLimits limits;
  if (const std::string cooldown = text_or(json, "cooldown"); !cooldown.empty()) {
    auto parsed = parse_duration(cooldown);
    if (!parsed) return fail(ErrorCode::invalid, parsed.error().message, "/limits/cooldown", parsed.error().hint);
    limits.cooldown = *parsed;
  }
  if (const Json& most = member(json, "max_per_day"); most.is_number_integer()) {
    limits.max_per_day = most.get<std::int64_t>();
  }
  return limits;
}

}  // namespace

std::string_view name_of(ActionKind kind) {
  return kActions[static_cast<std::size_t>(kind)];
}

Result<TriggerDefinition> parse_trigger_definition(const resources::Resource& trigger) {
  const Json& spec = trigger.spec;
  TriggerDefinition definition;
  definition.enabled = member(spec, "enabled") != Json(false);
  definition.source_workspace = text_or(spec, "source_workspace", trigger.key.workspace);
  definition.event_pattern = text_or(member(spec, "on"), "event");
  definition.filter = text_or(member(spec, "on"), "filter");
  if (!definition.filter.empty()) {
    auto compiled = JmesPath::compile(definition.filter);
    if (!compiled) return fail(ErrorCode::invalid, compiled.error().message, "/on/filter", compiled.error().hint);
  }
  const Json& action = member(spec, "action");
  bool found = false;
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    const Json& settings = member(action, kActions[i]);
    if (settings.is_null()) continue;
    definition.action = static_cast<ActionKind>(i);
    definition.settings = settings;
    found = true;
  }
  if (!found) return fail(ErrorCode::invalid, "the trigger has no action", "/action");
  if (definition.action == ActionKind::update_traffic) CICLO_CHECK(check_traffic(definition.settings));
  CICLO_TRY(definition.limits, parse_limits(member(spec, "limits")));
  return definition;
}

bool matches_type(std::string_view pattern, std::string_view type) {
  return pattern.ends_with(".*") ? type.starts_with(type_prefix(pattern)) : type == pattern;
}

std::string_view type_prefix(std::string_view pattern) {
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  return pattern;
}

}  // namespace ciclo::outer_loop
