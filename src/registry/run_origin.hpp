// Where the data and the code of a run came from: as links of the lineage graph, and in words for the status of the
// model versions that the run made.
//
// The data of a run are its job's inputs, which the job links itself, and the data sets that were logged to it. A data
// set whose source is a data asset, by reference or by the asset's own path, is linked from the asset; any other from
// the address it was read from, without query and credentials, or from "dataset:<name>@<digest>". The code is the
// snapshot that the job ran and the commit in the tags mlflow.source.git.*.
//
// Thread safety: safe from any thread; works in the session it is handed.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"
#include "resources/store.hpp"

namespace ciclo::registry {

struct RunOrigin {
  std::vector<resources::Link> links;  // into the run's node
  // [{"name","digest","context","source","asset"}]; what is not known is left out.
  Json data = Json::array();
  // {"snapshot","repository","commit","branch","source"}; what is not known is left out.
  Json code = Json::object();
};

// "/workspaces/dev/run/<id>"; a job's run stands for the job: "/workspaces/dev/job/<id>".
std::string node_of(const tracking::Run& run);

// Loads what it needs of the run.
Result<RunOrigin> origin_of(sql::Session& session, const resources::ResourceStore& store, tracking::Run run);

// An address without credentials, query and fragment, which may hold secrets. At most 800 bytes.
std::string plain_address(std::string_view address);

}  // namespace ciclo::registry
