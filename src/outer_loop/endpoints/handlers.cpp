#include "outer_loop/endpoints/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "outer_loop/endpoints/folder.hpp"

namespace ciclo::outer_loop {
namespace {

using resources::ResourceKey;

constexpr std::size_t most_lines = 5000;

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

}  // namespace

Result<void> add_endpoint_routes(http::Router& router, const EndpointRouteParts& parts) {
  CICLO_CHECK(add_credential_routes(router, parts));
  http::Route log;
  log.pattern = "/api/v1/workspaces/{workspace}/online-endpoints/{name}/online-deployments/{deployment}/logs";
  log.action = "logs/read";
  log.resource = "online-endpoint/{name}";
  log.summary = "The last log lines of a deployment's scorer";
  log.tag = "online-endpoints";
  log.handler = [parts](http::Request& request) { return show_log(parts, request); };
  return router.add(std::move(log));
}

}  // namespace ciclo::outer_loop
