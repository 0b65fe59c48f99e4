// MLflow's permissions of one user on one experiment or registered model, as roles given on that resource alone:
// READ is reader, EDIT contributor, MANAGE owner. USE counts as READ: who reads a model may use it. NO_PERMISSIONS and
// DENY are the absence of a role, since nothing is allowed by default.
//
// Thread safety: pure functions and plain values; those that take a session work in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "administration/handlers.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::inner_loop {

enum class Permission : std::uint8_t { none, read, edit, manage };
std::string_view name_of(Permission permission);  // "EDIT"
// Fails with invalid, naming those that there are.
Result<Permission> parse_permission(std::string_view text);
std::string_view role_of(Permission permission);       // "contributor"; empty for none
Permission permission_of_role(std::string_view role);  // none for other roles
std::int64_t number_of(std::string_view name);         // MLflow's integer id of a user or role, made from its name

// Whose permission on what.
struct Grantee {
  std::string workspace;
  std::string principal;
  std::string subject;  // "experiment/3", "model/weather"
};

// The roles given to the user itself on the resource alone that are permissions of MLflow's, and hold now.
Result<std::vector<administration::Assignment>> direct_in(sql::Session& session,
                                                          const administration::AdministrationParts& parts,
                                                          const Grantee& grantee);
// The greatest of them.
Permission greatest(const std::vector<administration::Assignment>& assignments);

// Whatever the user may do there, by whichever role.
Permission effective(const administration::AccessService& access, const Grantee& grantee);

// Leaves that one permission and takes others away. Fails with denied or not_found when the caller may not give or take
// it, not_found when there is no such user or resource, invalid for `none` when the user still has access by a role
// elsewhere: no permission on the resource takes that away.
Result<void> set_permission(const administration::AdministrationParts& parts, const resources::Caller& caller,
                            const Grantee& grantee, Permission wanted);
// Takes those given to the user on the resource alone away, whatever other roles they have. Fails as set_permission.
Result<void> take_permissions(const administration::AdministrationParts& parts, const resources::Caller& caller,
                              const Grantee& grantee);

}  // namespace ciclo::inner_loop
