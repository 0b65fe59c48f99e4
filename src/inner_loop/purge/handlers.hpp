// Routes of deletion for good:
//   POST /api/v1/workspaces/{workspace}/gc                             workspace/manage
//   POST /api/v1/gc                                                    organisation/manage; all workspaces, and
//   leftovers
//        {"older_than": "30d", "experiments": […], "runs": […], "dry_run": false, "continue": …}
//   POST /api/v1/workspaces/{workspace}/runs/{name}/purge               workspace/write and storage/write
//   POST /api/v1/workspaces/{workspace}/logged-models/{name}/purge
//   POST /api/v1/workspaces/{workspace}/experiments/{name}/purge
//        {"continue": …}
// Each answers {"value": [{"what", "count", "rows", "bytes"}], "kept": [{"kind", "name", "title", "reason"}],
// "kept_count"} and, when the time of one call was not enough, "continue": the caller sends the same request with it
// again.
#pragma once

#include "inner_loop/purge/service.hpp"
#include "platform/http/router.hpp"

namespace ciclo::purge {

// Both must outlive the router.
Result<void> add_purge_routes(http::Router& router, PurgeService& purges, resources::ResourceService& resources);

// "30d", "12h", "45m", "90s" or ISO 8601 ("P30D"). Fails with invalid.
Result<Milliseconds> parse_age(std::string_view text);

}  // namespace ciclo::purge
