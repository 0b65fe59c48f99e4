// The kinds of the inner loop: environments, components, computes and jobs.
//
// Thread safety: the functions of a Kind are called from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "data_estate/locations.hpp"
#include "resources/kind.hpp"

namespace ciclo::inner_loop {

// The components of the access tables that guard them.
inline constexpr std::string_view environment_access = "images";
inline constexpr std::string_view component_access = "packages";

resources::Kind environment_kind();
resources::Kind component_kind();
resources::Kind compute_kind();
// A job comes with its run: admitting one writes the run's row in the same transaction.
// `locations` must outlive the kind; null for programs that only need the table (the command line). `server_url` gives
// the address that links in answers begin with; it may be empty.
resources::Kind job_kind(const data_estate::Locations* locations = nullptr,
                         std::function<std::string()> server_url = {});

}  // namespace ciclo::inner_loop
