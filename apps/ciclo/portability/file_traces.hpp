// The traces of MLflow's folder of files: <experiment>/traces/<id>/ with trace_info.yaml, folders of tags and metadata,
// and assessments. Their spans lie in a file beside their artifacts.
//
// Thread safety: one thread.
#pragma once

#include <string>

#include "base/error.hpp"
#include "portability/records.hpp"
#include "portability/store_folder.hpp"

namespace ciclo::portability {

// `home`: the experiment's folder in the store.
Result<void> read_file_traces(const StoreFolder& store, const std::string& home, const std::string& experiment_id,
                              const TakeItems& take);

}  // namespace ciclo::portability
