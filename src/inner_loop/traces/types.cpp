#include "inner_loop/traces/types.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::traces {
namespace {

constexpr std::array<std::string_view, 4> state_names{"STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"};
constexpr std::array<std::string_view, 3> assessment_names{"feedback", "expectation", "issue"};

}  // namespace

std::string_view name_of(TraceState state) {
  return state_names[static_cast<std::size_t>(state)];
}

std::optional<TraceState> parse_trace_state(std::string_view text) {
  if (text == "TRACE_STATUS_UNSPECIFIED") return TraceState::unspecified;
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == text || text == std::to_string(i)) return static_cast<TraceState>(i);
  return std::nullopt;
}

std::string_view name_of(AssessmentType type) {
  return assessment_names[static_cast<std::size_t>(type)];
}

bool Usage::has_tokens() const {
  return std::ranges::any_of(tokens, [](const auto& count) { return count.has_value(); });
}
bool Usage::has_costs() const {
  return std::ranges::any_of(costs, [](const auto& cost) { return cost.has_value(); });
}

}  // namespace ciclo::traces
