#include "scoring/secret_values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/wipe.hpp"

namespace ciclo::scoring {
namespace {

void wipe_all(PrivatePairs& pairs) {
  for (auto& [text, value] : pairs) wipe(value);
  pairs.clear();
}

}  // namespace

SecretValues::~SecretValues() {
  wipe_all(pairs_);
}

Result<void> SecretValues::take(std::string_view bytes) {
  CICLO_TRY(PrivatePairs taken, parse_private_pairs(bytes));
  const std::lock_guard lock(mutex_);
  pairs_.swap(taken);
  wipe_all(taken);
  return {};
}

Result<DeploymentSettings> SecretValues::put_into(DeploymentSettings settings) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, text] : settings.secret_variables) {
    const auto found = std::ranges::find(pairs_, text, &PrivatePairs::value_type::first);
    if (text.empty() || found == pairs_.end())
      return fail(ErrorCode::unavailable, fmt::format("the secret of the variable {} was not handed over", name),
                  "/environment_variables/" + escape_pointer_token(name),
                  "it may be disabled, expired or deleted: ciclo secret list");
    settings.environment_variables[name] = found->second;
  }
  if (!settings.secret_variables.empty())
    for (const auto& [text, value] : pairs_)
      if (text.empty()) settings.hidden.push_back(value);
  return settings;
}

}  // namespace ciclo::scoring
