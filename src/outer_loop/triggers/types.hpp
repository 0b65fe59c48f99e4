// A trigger: what it listens to, what it does, and how often it may.
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

enum class ActionKind : std::uint8_t { create_job, promote, update_traffic, webhook, notify };
std::string_view name_of(ActionKind kind);

struct TriggerLimits {
  Milliseconds cooldown{0};
  std::int64_t max_per_day = 50;
};

struct TriggerDefinition {
  bool enabled = true;
  std::string source_workspace;  // whose events
  std::string event_pattern;     // "ciclo.monitor.alert" or "ciclo.job.*"
  std::string filter;            // JMESPath over the CloudEvent; empty: every event
  ActionKind action = ActionKind::notify;
  Json settings;  // of the action
  TriggerLimits limits;
};

// Reads a trigger's spec, which the schema has passed. Fails with invalid and a JSON pointer for what it cannot tell:
// a filter that is no JMESPath, a cooldown that is no duration, traffic that is not 100.
Result<TriggerDefinition> parse_trigger_definition(const resources::Resource& trigger);

// "ciclo.job.*" takes every type that begins with "ciclo.job."; without a star only itself.
bool matches_type(std::string_view pattern, std::string_view type);
// The part of a pattern that a type must begin with.
std::string_view type_prefix(std::string_view pattern);

}  // namespace ciclo::outer_loop
