// Tells the data estate where a run keeps its artifacts.
#pragma once

#include <string>

#include "data_estate/locations.hpp"

namespace ciclo::tracking {

// Thread safety: stateless.
class RunArtifactFolders final : public data_estate::RunArtifacts {
 public:
  Result<std::string> artifact_folder(sql::Session& session, const std::string& workspace,
                                      const std::string& run_id) override;
  Result<std::string> logged_model_folder(sql::Session& session, const std::string& workspace,
                                          const std::string& model_id) override;
  Result<std::string> owner_of(sql::Session& session, const std::string& workspace, const std::string& key) override;
};

}  // namespace ciclo::tracking
