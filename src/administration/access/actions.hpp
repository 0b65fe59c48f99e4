// Actions, and the patterns that roles are made of.
//
// An action is "<component>/[<part>/]<verb>". The components are the columns of the access tables; the verbs are
//   read    look at it            write   change what is in it
//   manage  change the thing itself, and who else may enter       use   call an endpoint
// Actions that are finer than a component and a verb:
//   workspace/compute/{read,write}      compute, which a data scientist does not create
//   workspace/endpoints/{read,write,use}  endpoints; `use` is what a model end user may do
//   secrets/metadata/read, secrets/values/{read,write,manage}   names and values of secrets, as against the vault
//   itself logs/audit/read                     the audit log organisation/{read,write,manage},
//   organisation/roles/{read,manage}   what lies above workspaces
//
// A pattern is an action in which '*' stands for any text, '/' included: "*/read", "storage/*".
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::administration {

inline constexpr std::array<std::string_view, 8> components = {"workspace",  "secrets",  "images", "storage",
                                                               "automation", "packages", "logs",   "monitor"};
inline constexpr std::string_view organisation_component = "organisation";

bool is_component(std::string_view name);
// "secrets" of "secrets/metadata/read".
std::string_view component_of(std::string_view action);
bool matches(std::string_view pattern, std::string_view action);
// Fails with invalid for what could never match an action; names what patterns look like.
Result<void> check_pattern(std::string_view pattern);

}  // namespace ciclo::administration
