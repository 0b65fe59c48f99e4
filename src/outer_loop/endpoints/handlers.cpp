#include "outer_loop/endpoints/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/text.hpp"
#include "outer_loop/endpoints/folder.hpp"
#include "outer_loop/endpoints/kinds.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::Resource;
using resources::ResourceKey;

constexpr std::string_view endpoint_path = "/api/v1/workspaces/{workspace}/online-endpoints/{name}";
constexpr std::size_t most_lines = 5000;
constexpr std::chrono::milliseconds look_pause{20};
constexpr std::chrono::seconds longest_look{10};

ResourceKey endpoint_of(const http::Request& request) {
  return endpoint_key(request.parameter("workspace"), request.parameter("name"));
}

Result<http::Response> show_keys(const EndpointRouteParts& parts, const http::Request& request) {
  const ResourceKey key = endpoint_of(request);
  CICLO_TRY(const auto secrets,
            parts.service.parts().database.read([&](sql::Session& session) -> Result<EndpointSecrets> {
              CICLO_CHECK(parts.service.parts().store.get(session, key));
              return parts.keys.get(session, {key.workspace, key.name});
            }));
  return http::Response::json({{"primaryKey", secrets.primary}, {"secondaryKey", secrets.secondary}});
}

Result<Resource> regenerate(const EndpointRouteParts& parts, const http::Request& request, KeyType type) {
  const ResourceKey key = endpoint_of(request);
  const auto caller = resources::caller_of(request);
  return parts.service.parts().database.write([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(const auto decision,
              resources::require(parts.service.parts().access, caller, "workspace/write", key.workspace));
    CICLO_TRY(const Resource before, parts.service.parts().store.get(session, key));
    if (before.deleting) return fail(ErrorCode::conflict, fmt::format("the endpoint '{}' is being deleted", key.name));
    CICLO_CHECK(parts.keys.regenerate(session, {key.workspace, key.name}, type));
    const Json detail = {{"key_type", type == KeyType::primary ? "primary" : "secondary"}};
    CICLO_CHECK(parts.service.parts().audit.record(session, {.caller = caller,
                                                             .action = "workspace/write",
                                                             .operation = "regenerate key",
                                                             .workspace = key.workspace,
                                                             .target = key.path(),
                                                             .decision = decision,
                                                             .detail = detail}));
    const auto set = [](Resource& endpoint) {
      endpoint.status["provisioning_state"] = "Updating";
      return true;
    };
    return parts.service.change_status_in(session, key, set,
                                          {.event = "keys-regenerated", .event_data = detail, .links = {}});
  });
}

// Waits until the scorer knows the new key, so that it is good when the caller has it.
Result<void> await_applied(const EndpointRouteParts& parts, const ResourceKey& key) {
  const auto until = std::chrono::steady_clock::now() + longest_look;
  while (std::chrono::steady_clock::now() < until) {
    CICLO_TRY(const auto endpoint, parts.service.parts().database.read([&](sql::Session& session) {
      return parts.service.parts().store.find(session, key);
    }));
    if (!endpoint || text_or(endpoint->status, "provisioning_state") != "Updating") return {};
    std::this_thread::sleep_for(look_pause);
  }
  return {};
}

Result<http::Response> regenerate_keys(const EndpointRouteParts& parts, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const KeyType type, parse_key_type(text_or(body, "key_type", text_or(body, "keyType", "primary"))));
  CICLO_CHECK(regenerate(parts, request, type));
  CICLO_CHECK(await_applied(parts, endpoint_of(request)));
  return http::Response::empty();
}

Result<http::Response> show_log(const EndpointRouteParts& parts, const http::Request& request) {
  const ResourceKey key{.workspace = request.parameter("workspace"),
                        .kind = "online-deployment",
                        .parent = request.parameter("name"),
                        .name = request.parameter("deployment"),
                        .version = {}};
  CICLO_TRY(const auto deployment, parts.service.parts().database.read([&](sql::Session& session) {
    return parts.service.parts().store.get(session, key);
  }));
  std::size_t lines = 100;
  if (const auto asked = request.query.find("lines")) {
    const auto number = parse_int(*asked);
    if (!number || *number < 1)
      return fail(ErrorCode::invalid, fmt::format("'{}' is no number of lines", asked->substr(0, 40)), "lines");
    lines = std::min(most_lines, static_cast<std::size_t>(*number));
  }
  std::string text = last_lines(parts.endpoints / key.workspace / key.parent / "scorer.log", lines);
  if (const std::string message = text_or(member(deployment.status, "error"), "message"); !message.empty())
    text += fmt::format("deployment {} failed: {}\n", key.name, message);
  return http::Response::text(std::move(text));
}

http::Route route(http::Method method, std::string_view end, std::string_view action, std::string_view summary) {
  http::Route made;
  made.method = method;
  made.pattern = fmt::format("{}/{}", endpoint_path, end);
  made.action = action;
  made.summary = summary;
  made.tag = "online-endpoints";
  return made;
}

}  // namespace

Result<void> add_endpoint_routes(http::Router& router, const EndpointRouteParts& parts) {
  auto keys = route(http::Method::get, "keys", "workspace/write", "The endpoint's two keys");
  keys.handler = [parts](http::Request& request) { return show_keys(parts, request); };
  CICLO_CHECK(router.add(std::move(keys)));
  auto renew = route(http::Method::post, "regenerate-keys", "workspace/write", "Replace one of the endpoint's keys");
  renew.handler = [parts](http::Request& request) { return regenerate_keys(parts, request); };
  CICLO_CHECK(router.add(std::move(renew)));
  auto log = route(http::Method::get, "online-deployments/{deployment}/logs", "logs/read",
                   "The last log lines of a deployment's scorer");
  log.handler = [parts](http::Request& request) { return show_log(parts, request); };
  return router.add(std::move(log));
}

}  // namespace ciclo::outer_loop
