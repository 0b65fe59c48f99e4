// Groups: who may make and fill them.
//
// A group of a workspace is managed by who owns the whole workspace, any other by whoever manages the organisation.
// Whoever puts a member into a group must be able to give every role that the group holds
// (AccessService::require_may_give_all), so that filling groups is no way around.
//
// Thread safety: safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "resources/service.hpp"

namespace ciclo::administration {

class Groups {
 public:
  // All must outlive this.
  Groups(AccessService& access, IdentityService& identity, resources::ResourceService& service)
      : access_(access), identity_(identity), service_(service) {}

  // Fails with already_exists, denied, invalid.
  Result<Group> create(const resources::Caller& caller, Group group);
  // Changes what it is called and which names of the identity provider mean it.
  Result<Group> update(const resources::Caller& caller, const std::string& name, const Json& patch);
  // With its memberships and assignments. A persona's group stays while its workspace does.
  Result<void> remove(const resources::Caller& caller, const std::string& name);
  // Adding twice, or removing what is not there: invalid and not_found. A group within itself, at any depth: invalid.
  Result<void> add_member(const resources::Caller& caller, const Membership& membership);
  Result<void> remove_member(const resources::Caller& caller, const Membership& membership);

  // Those the caller may see: all with organisation/read, else the groups of workspaces it may read.
  Result<std::vector<Group>> list(const resources::Caller& caller);
  Result<Group> get(const resources::Caller& caller, const std::string& name);
  Result<std::vector<Membership>> members(const resources::Caller& caller, const std::string& name);

  // The memberships that an identity provider's claim gives a principal, in place of those it gave before. Values that
  // no group names mean nothing.
  Result<void> set_external_in(sql::Session& session, const std::string& principal,
                               const std::vector<std::string>& claims);

 private:
  Result<resources::Decision> require_manage(const resources::Caller& caller, const Group& group) const;
  bool may_see(const resources::Caller& caller, const Group& group) const;
  Result<Group> find(sql::Session& session, const std::string& name) const;
  Result<void> check_external(const resources::Caller& caller, const Group& group) const;
  Result<void> check_member(sql::Session& session, const Membership& membership) const;
  struct Change {
    std::string what;  // "created": the event's last word
    std::string operation;
    Json detail = Json::object();
  };
  Result<void> record(sql::Session& session, const resources::Caller& caller, const Group& group, Change change);

  AccessService& access_;
  IdentityService& identity_;
  resources::ResourceService& service_;
};

Json to_json(const Group& group);

}  // namespace ciclo::administration
