#include "outer_loop/triggers/handlers.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "outer_loop/triggers/store.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::ResourceKey;
using resources::ResourceService;

ResourceKey key_of(const http::Request& request) {
  return {.workspace = request.parameter("workspace"),
          .kind = "trigger",
          .parent = {},
          .name = request.parameter("name"),
          .version = {}};
}

std::int64_t number_or(const http::Request& request, std::string_view name, std::int64_t otherwise) {
  const auto text = request.query.find(name);
  return text ? parse_int(*text).value_or(otherwise) : otherwise;
}

http::Handler list_fires(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const auto& parts = service.parts();
    const std::int64_t limit = std::clamp<std::int64_t>(number_or(request, "limit", 100), 1, 1000);
    const std::int64_t before = number_or(request, "before", 0);
    CICLO_TRY(const auto records, parts.database.read([&](sql::Session& session) -> Result<std::vector<FireRecord>> {
      CICLO_TRY(const auto trigger, parts.store.get(session, key_of(request)));
      return TriggerStore().list(session, {trigger.uid, before, limit});
    }));
    Json value = Json::array();
    for (const auto& record : records) value.push_back(to_json(record));
    return http::Response::json({{"value", std::move(value)}});
  };
}

http::Handler set_enabled(ResourceService& service, bool enabled) {
  return [&service, enabled](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto trigger,
              service.update(resources::caller_of(request),
                             {.key = key_of(request), .patch = {{"enabled", enabled}}, .expected_revision = {}}));
    return http::Response::json(resources::view(*service.parts().kinds.find("trigger"), trigger));
  };
}

http::Route route(http::Method method, std::string_view end, std::string_view action, std::string_view summary) {
  http::Route made;
  made.method = method;
  made.pattern = "/api/v1/workspaces/{workspace}/triggers/{name}/" + std::string(end);
  made.action = action;
  made.summary = summary;
  made.tag = "triggers";
  return made;
}

}  // namespace

Result<void> add_trigger_routes(http::Router& router, ResourceService& service) {
  auto fires = route(http::Method::get, "fires", "automation/read", "What a trigger did, newest first");
  fires.handler = list_fires(service);
  CICLO_CHECK(router.add(std::move(fires)));
  auto enable = route(http::Method::post, "enable", "automation/write", "Switch a trigger on");
  enable.handler = set_enabled(service, true);
  CICLO_CHECK(router.add(std::move(enable)));
  auto disable = route(http::Method::post, "disable", "automation/write", "Switch a trigger off");
  disable.handler = set_enabled(service, false);
  return router.add(std::move(disable));
}

}  // namespace ciclo::outer_loop
