// Lists of resources, filtered by what the caller may see.
#include <fmt/format.h>

#include <algorithm>

#include "resources/service.hpp"

namespace ciclo::resources {

Result<ListRequest> ResourceService::within_reach(const Caller& caller, const Kind& kind, ListRequest request) const {
  const std::string action = kind.component + "/read";
  // The versions of one name are guarded by it, and what has a parent by that.
  const bool is_of_one = request.parent.has_value() || request.name.has_value();
  std::string subject;
  if (request.parent) subject = fmt::format("{}/{}", kind.parent_kind, *request.parent);
  else if (request.name) subject = fmt::format("{}/{}", kind.name, *request.name);
  auto allowed = require(parts_.access, caller, action, Place(std::string_view(request.workspace), subject));
  if (allowed) return request;
  Reach reach = parts_.access.reach(caller, action, request.workspace, kind.name);
  if (is_of_one || reach.is_empty()) return Failure(std::move(allowed).error());
  if (!reach.everything) request.only_names = std::move(reach.names);
  return request;
}

Result<Page<Container>> ResourceService::list_containers(const Caller& caller, const ListRequest& request) {
  CICLO_TRY(const Kind* kind, kind_of(request.kind));
  CICLO_TRY(const ListRequest within, within_reach(caller, *kind, request));
  return parts_.database.read([&](sql::Session& session) { return parts_.store.list_containers(session, within); });
}

Result<Page<Resource>> ResourceService::list(const Caller& caller, const ListRequest& request) {
  CICLO_TRY(const Kind* kind, kind_of(request.kind));
  ListRequest within = request;
  if (kind->name != "workspace") {
    CICLO_TRY(within, within_reach(caller, *kind, request));
  }
  CICLO_TRY(auto page, parts_.database.read([&](sql::Session& session) { return parts_.store.list(session, within); }));
  if (kind->name == "workspace")
    std::erase_if(page.items, [&](const Resource& resource) {
      return !parts_.access.decide(caller, "workspace/read", resource.key.name).allowed;
    });
  return page;
}

}  // namespace ciclo::resources
