// The provider's group claims become memberships of the product's groups.
//
// Thread safety: safe from any thread.
#pragma once

#include "administration/access/groups.hpp"
#include "administration/oidc/external_groups.hpp"

namespace ciclo::server {

class ProviderGroups final : public administration::oidc::ExternalGroups {
 public:
  explicit ProviderGroups(administration::Groups& groups) : groups_(groups) {}
  Result<void> set_in(sql::Session& session, const std::string& principal,
                      const std::vector<std::string>& claims) override {
    return groups_.set_external_in(session, principal, claims);
  }

 private:
  administration::Groups& groups_;
};

}  // namespace ciclo::server
