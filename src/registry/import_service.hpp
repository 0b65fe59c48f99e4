// Takes in registered models and versions of another MLflow store: with their numbers, stages, aliases and times. As in
// tracking's import, what is here is never overwritten, and every call may be repeated.
//
// A version becomes a resource like any other: the bytes at its source are looked into, so its artifacts come first.
//
// Errors: those of the RegistryService for a call as a whole; a version that cannot be made is refused with the reason.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/import_types.hpp"
#include "platform/http/router.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {

struct ImportedModel {
  NewModel model;
  std::int64_t creation_time = 0;  // Unix ms
  std::int64_t last_update_time = 0;
};

struct ImportedVersion {
  NewVersion version;
  std::string number;
  std::string stage;  // "" is None
  std::vector<std::string> aliases;
  std::int64_t creation_time = 0;
  std::int64_t last_update_time = 0;
};

class ModelImport {
 public:
  ModelImport(RegistryService& registry, resources::ResourceService& resources)
      : registry_(registry), resources_(resources) {}

  using Caller = resources::Caller;
  Result<tracking::ImportOutcome> model(const Caller& caller, const ImportedModel& item);
  Result<tracking::ImportOutcome> version(const Caller& caller, const ImportedVersion& item);

 private:
  Result<void> create_version(const Caller& caller, const ImportedVersion& item);
  Result<void> add_aliases(const Caller& caller, const ImportedVersion& item, tracking::ImportOutcome& outcome);

  RegistryService& registry_;
  resources::ResourceService& resources_;
};

// POST /api/v1/workspaces/{workspace}/import/registered-models and …/model-versions. The argument must outlive the
// router.
Result<void> add_import_routes(http::Router& router, ModelImport& imports);

}  // namespace ciclo::registry
