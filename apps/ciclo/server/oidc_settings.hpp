// The options of sign-in through an identity provider.
#pragma once

#include <optional>
#include <vector>

#include "administration/oidc/settings.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"

namespace ciclo::server {

std::vector<cli::Option> oidc_options();
// Nothing without --oidc-issuer; fails with invalid when another option of these is given without it.
Result<std::optional<administration::oidc::Settings>> read_oidc_settings(const cli::Options& options);

}  // namespace ciclo::server
