// The bytes of access: assignments, groups, memberships, activations. No rules here.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/access/facts.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

class AccessStore {
 public:
  // Everything a snapshot is made of but the custom roles.
  Result<AccessFacts> read_facts(sql::Session& session) const;

  // The assignment that is there afterwards: the same one once more changes nothing.
  Result<Assignment> put(sql::Session& session, Assignment assignment) const;
  Result<std::optional<Assignment>> find(sql::Session& session, const std::string& id) const;
  // With the activations that hang on it.
  Result<void> erase(sql::Session& session, const std::string& id) const;
  Result<void> erase_origin(sql::Session& session, const std::string& workspace, const std::string& origin) const;
  Result<std::vector<Assignment>> list_in(sql::Session& session, const std::string& workspace) const;

  Result<void> put_group(sql::Session& session, const Group& group) const;  // creates or replaces
  Result<std::optional<Group>> find_group(sql::Session& session, const std::string& name) const;
  Result<std::vector<Group>> list_groups(sql::Session& session) const;
  Result<void> erase_group(sql::Session& session, const std::string& name) const;  // memberships and assignments too

  // False when it was there already.
  Result<bool> add_member(sql::Session& session, const Membership& membership) const;
  // How many memberships ended; `only_workspace` tells which.
  Result<std::int64_t> remove_member(sql::Session& session, const Membership& membership) const;
  Result<std::vector<Membership>> list_members(sql::Session& session, const std::string& group_id) const;
  // The ids of the groups that a source put somebody into.
  Result<std::vector<std::string>> groups_from(sql::Session& session, const std::string& member,
                                               const std::string& source) const;
  Result<void> erase_memberships_of(sql::Session& session, const std::string& member, const std::string& source) const;

  // Assignments, memberships and activations of a principal that is no more.
  Result<void> erase_principal(sql::Session& session, const std::string& principal) const;
  // What is said about a workspace that is no more: its assignments, its own groups, limited memberships.
  Result<void> erase_workspace(sql::Session& session, const std::string& workspace) const;

  // Assignments on a resource that is no more, and on its versions: its ResourceKey::subject(). How many there were.
  Result<std::int64_t> erase_resource(sql::Session& session, const std::string& workspace,
                                      const std::string& subject) const;

  // Those of a resource and of its versions, also open activations. What stood on the new name is erased before.
  Result<void> rename_resource(sql::Session& session, const std::string& workspace, const std::string& before,
                               const std::string& after) const;

  Result<void> put_activation(sql::Session& session, const Activation& activation) const;
  Result<std::optional<Activation>> find_activation(sql::Session& session, const std::string& id) const;
  // Newest first, at most 1000.
  Result<std::vector<Activation>> list_activations(sql::Session& session, const std::string& workspace) const;
  Result<std::vector<Activation>> list_open_activations(sql::Session& session) const;  // pending and active
};

std::vector<sql::Migration> access_migrations();

}  // namespace ciclo::administration
