// Internal to the controller: what its files share.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

// How many of a scorer's last log lines are kept with a failure.
inline constexpr std::size_t log_lines = 20;

inline std::int64_t number_or(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

// Whether the scorer took this state of the deployment's spec, or refused it.
inline bool is_settled(const resources::Resource& deployment) {
  return number_or(deployment.status, "provisioned_generation", -1) == deployment.generation;
}

}  // namespace ciclo::outer_loop
