#include "inner_loop/tracking/run_artifacts.hpp"

#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/run_store.hpp"

namespace ciclo::tracking {

Result<std::string> RunArtifactFolders::artifact_folder(sql::Session& session, const std::string& workspace,
                                                        const std::string& run_id) {
  CICLO_TRY(const auto run, RunStore().get(session, {.workspace = workspace, .run_id = run_id}));
  return artifact_key(workspace, run.artifact_uri);
}

}  // namespace ciclo::tracking
