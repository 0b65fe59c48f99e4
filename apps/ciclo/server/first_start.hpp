// What an empty server is given: an administrator, whose token lies in a file only its owner can read, and the default
// workspace.
#pragma once

#include <filesystem>
#include <string>

#include "administration/access/access.hpp"
#include "administration/identity/identity.hpp"
#include "base/error.hpp"
#include "resources/service.hpp"

namespace ciclo::server {

struct FirstStartParts {
  sql::Database& database;
  administration::IdentityService& identity;
  administration::AccessService& access;
  resources::ResourceService& service;
};

// Does nothing when there are users already, unless `reset_token`: then the administrator gets a new token.
Result<void> prepare_first_start(const FirstStartParts& parts, const std::filesystem::path& token_file,
                                 bool reset_token);
// Creates the workspace when it is missing.
Result<void> ensure_workspace(resources::ResourceService& service, const std::string& name);

}  // namespace ciclo::server
