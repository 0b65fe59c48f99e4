// What searches of the registry run on: tables of registered models, versions and their tags, kept beside the resources
// and written in the same transaction as every change of a model, whoever makes it: MLflow, `ciclo model …`, a
// pipeline's output or a promotion. Searches find names and sequence numbers here and read the resources by them, so
// nothing that is answered comes from the copy.
//
// Missing texts are stored as '' and is_prompt as 'true' or 'false'. `version_number` is 0 for a version that is no
// number.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/store.hpp"

namespace ciclo::registry {

class ModelIndex final : public resources::StoreObserver {
 public:
  Result<void> stored(sql::Session& session, const resources::Resource& resource) override;
  Result<void> erased(sql::Session& session, const resources::ResourceKey& key) override;
  Result<void> container_stored(sql::Session& session, const resources::Container& container) override;
  Result<void> container_erased(sql::Session& session, const resources::ResourceKey& name) override;
  Result<void> container_renamed(sql::Session& session, const resources::ResourceKey& name, const std::string& new_name,
                                 TimePoint now) override;

  // Once, at a start with models of a server that had no index yet.
  Result<void> fill(sql::Database& database, const resources::ResourceStore& store);

  // The newest version of each stage of these models: sequence numbers, for each name from the highest version down.
  struct Names {
    std::string workspace;
    std::vector<std::string> names;
  };
  static Result<std::vector<std::int64_t>> latest_versions(sql::Session& session, const Names& wanted);
  // The versions of a model that are in a stage.
  static Result<std::vector<std::int64_t>> versions_in_stage(sql::Session& session, const resources::ResourceKey& name,
                                                             const std::string& stage);
};

std::vector<sql::Migration> migrations();

}  // namespace ciclo::registry
