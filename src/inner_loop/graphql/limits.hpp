// How much a document asks for. Internal to this folder.
//
// Thread safety: pure functions.
#pragma once

#include "base/error.hpp"
#include "inner_loop/graphql/document.hpp"

namespace ciclo::graphql {

inline constexpr int max_depth = 10;
inline constexpr std::size_t max_selections = 1000;
inline constexpr std::size_t max_root_fields = 10;
inline constexpr std::size_t max_aliases = 10;

// Fails with invalid. Fragments count where they are spread; one that spreads itself, also through others, is refused.
Result<void> check_limits(const Document& document);

}  // namespace ciclo::graphql
