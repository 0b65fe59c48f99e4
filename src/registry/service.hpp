// MLflow's model registry over the resources: a registered model is a container of kind `model`, a model version is a
// resource, an alias is a label. So `ciclo model …` and an MLflow client see one store.
//
// Changes go through ResourceService, so access, audit rows and events are as for every resource. Searches run in SQL
// over model_index.hpp and go on by key, so a late page costs what the first does.
//
// Errors: not_found, already_exists, invalid (also for an alias that is not there, as MLflow has it).
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"
#include "resources/service.hpp"

namespace ciclo::registry {

struct RegisteredModel {
  resources::Container container;
  std::vector<resources::Resource> latest_versions;  // the newest of each stage
};

struct ModelName {
  std::string workspace;
  std::string name;
};

struct NewModel {
  ModelName model;
  std::string description;
  std::vector<tracking::Tag> tags;
};

struct NewVersion {
  ModelName model;
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string model_id;  // the logged model of MLflow 3
  std::string description;
  std::vector<tracking::Tag> tags;
};

struct RegistrySearch {
  std::string workspace;
  std::optional<std::vector<std::string>> only_names;  // models that the caller may see; nothing: all
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t max_results = 100;
  std::string page_token;
};

class RegistryService {
 public:
  explicit RegistryService(resources::ResourceService& resources) : resources_(resources) {}

  using Caller = resources::Caller;
  Result<RegisteredModel> create_model(const Caller& caller, const NewModel& request);
  Result<RegisteredModel> get_model(const ModelName& model);
  Result<RegisteredModel> rename_model(const Caller& caller, const ModelName& model, const std::string& new_name);
  // Changes the description and the tags; a tag without a value is removed.
  struct ModelChange {
    std::optional<std::string> description;
    std::vector<std::pair<std::string, std::optional<std::string>>> tags;
  };
  Result<RegisteredModel> change_model(const Caller& caller, const ModelName& model, const ModelChange& change);
  // With all its versions and aliases.
  Result<void> delete_model(const Caller& caller, const ModelName& model);
  Result<tracking::Page<RegisteredModel>> search_models(const RegistrySearch& request);

  Result<resources::Resource> create_version(const Caller& caller, const NewVersion& request);
  Result<resources::Resource> get_version(const ModelName& model, const std::string& version);
  Result<resources::Resource> change_version(const Caller& caller, const resources::ResourceKey& key,
                                             const ModelChange& change);
  Result<void> delete_version(const Caller& caller, const resources::ResourceKey& key);
  struct StageChange {
    std::string stage;            // None, Staging, Production, Archived, in any case
    bool archive_others = false;  // those that are in Staging or Production, when that is the stage, become Archived
  };
  Result<resources::Resource> set_stage(const Caller& caller, const resources::ResourceKey& key,
                                        const StageChange& change);
  Result<tracking::Page<resources::Resource>> search_versions(const RegistrySearch& request);

  Result<void> set_alias(const Caller& caller, const resources::ResourceKey& version, const std::string& alias);
  // Ok when there is no such alias.
  Result<void> remove_alias(const Caller& caller, const ModelName& model, const std::string& alias);
  Result<resources::Resource> version_of_alias(const ModelName& model, const std::string& alias);

  const resources::KindTable& kinds() const { return resources_.parts().kinds; }

 private:
  Result<resources::Container> container_in(sql::Session& session, const ModelName& model) const;
  // With the newest version of each stage; all of one workspace.
  Result<std::vector<RegisteredModel>> with_latest(sql::Session& session,
                                                   std::vector<resources::Container> containers) const;
  Result<RegisteredModel> with_latest(sql::Session& session, resources::Container container) const;
  struct Change {
    std::string what;       // "updated": the last word of the event's type
    std::string operation;  // for audit
    Json data = Json::object();
  };
  Result<void> record(sql::Session& session, const Caller& caller, const resources::ResourceKey& key,
                      const Change& change);

  resources::ResourceService& resources_;
};

resources::ResourceKey key_of(const ModelName& model, const std::string& version = {});
// "Staging" for "staging". Fails with invalid.
Result<std::string> canonical_stage(const std::string& stage);

}  // namespace ciclo::registry
