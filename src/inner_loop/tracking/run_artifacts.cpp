#include "inner_loop/tracking/run_artifacts.hpp"

#include "inner_loop/tracking/artifact_owner.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/concern_finder.hpp"
#include "inner_loop/tracking/logged_model_store.hpp"
#include "inner_loop/tracking/run_store.hpp"

namespace ciclo::tracking {

Result<std::string> RunArtifactFolders::artifact_folder(sql::Session& session, const std::string& workspace,
                                                        const std::string& run_id) {
  CICLO_TRY(const auto run, RunStore().get(session, {.workspace = workspace, .run_id = run_id}));
  return artifact_key(workspace, run.artifact_uri);
}

Result<std::string> RunArtifactFolders::logged_model_folder(sql::Session& session, const std::string& workspace,
                                                            const std::string& model_id) {
  CICLO_TRY(const auto model, LoggedModelStore().get(session, {.workspace = workspace, .model_id = model_id}));
  return artifact_key(workspace, model.artifact_uri);
}

Result<std::string> RunArtifactFolders::owner_of(sql::Session& session, const std::string& workspace,
                                                 const std::string& key) {
  CICLO_TRY(const auto owner, artifact_owner(session, workspace, key));
  return owner ? experiment_subject(*owner) : std::string();
}

}  // namespace ciclo::tracking
