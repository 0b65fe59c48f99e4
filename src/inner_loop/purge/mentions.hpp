// What still uses a run, a logged model or a folder of artifacts: every resource of any kind whose spec or status names
// it, in whichever form such names have:
//
//   runs:/R/…   models:/m-…   mlflow-artifacts:/P   azureml://jobs/J/…   "<workspace>/mlflow/P" (a key in the blob
//   store) and the fields run_id, training_run_id, model_id and job_name
//
// A name counts for the workspace that it is used in, unless it says another. A word that merely looks like a run's id
// is no use of it.
//
// Reading all resources may take long, so that is done beforehand, outside of any transaction; within the transaction
// that deletes, add_newer_in() reads those that were made since.
//
// Thread safety: none; one caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "inner_loop/tracking/purge_store.hpp"
#include "resources/service.hpp"

namespace ciclo::purge {

class Mentions {
 public:
  static Result<Mentions> read(const resources::ResourceService& service);

  Result<void> add_newer_in(sql::Session& session);
  void add(const resources::Resource& resource);

  // Who uses it: "model/weather:3"; only that there is somebody, when that is in another workspace. Nothing: nobody.
  // Also asks for the job of a job's run, and for the resources that lineage leads to from a run.
  Result<std::optional<std::string>> user_in(sql::Session& session, const resources::ResourceStore& store,
                                             const tracking::Purge& thing) const;

 private:
  struct User {
    std::string workspace;
    std::string subject;
  };
  void add_text(const resources::Resource& resource, const std::string& text);
  void add_name(const resources::Resource& resource, const std::string& workspace, const std::string& name);
  std::optional<User> user_of_folder(const std::string& key) const;

  std::int64_t last_sequence_ = 0;
  std::map<std::pair<std::string, std::string>, User> names_;  // (workspace, id of a run, job or logged model)
  std::map<std::string, User> keys_;                           // keys in the blob store
};

}  // namespace ciclo::purge
