#include "server/system_routes.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/handlers.hpp"

namespace ciclo::server {
namespace {

http::Route route(std::string pattern, std::string summary, http::Handler handler) {
  http::Route out;
  out.pattern = std::move(pattern);
  out.summary = std::move(summary);
  out.tag = "server";
  out.handler = std::move(handler);
  return out;
}

Result<http::Response> list_events(events::EventLog& events, http::Request& request) {
  events::ListRequest list;
  list.workspace = request.parameter("workspace");
  list.type_prefix = request.query.find("type").value_or("");
  list.subject = request.query.find("subject").value_or("");
  list.after = parse_int(request.query.find("after").value_or("0")).value_or(0);
  list.limit = static_cast<std::size_t>(
      std::clamp<std::int64_t>(parse_int(request.query.find("limit").value_or("100")).value_or(100), 1, 1000));
  CICLO_TRY(const auto found, events.list(list));
  Json value = Json::array();
  for (const auto& event : found) value.push_back(events::to_cloud_event(event));
  return http::Response::json({{"value", value}});
}

}  // namespace

Result<void> add_system_routes(http::Router& router, SystemRouteParts parts) {
  http::Route events = route("/api/v1/workspaces/{workspace}/events", "List what happened, oldest first",
                             [&log = parts.events](http::Request& request) { return list_events(log, request); });
  events.action = "logs/read";
  CICLO_CHECK(router.add(std::move(events)));

  http::Route metrics =
      route("/metrics", "Numbers for Prometheus", [&own = parts.metrics](http::Request&) -> Result<http::Response> {
        return http::Response::text(own.text(), "text/plain; version=0.0.4; charset=utf-8");
      });
  metrics.action = "organisation/read";
  CICLO_CHECK(router.add(std::move(metrics)));

  http::Route version =
      route("/version", "The version of MLflow's API that is served", [](http::Request&) -> Result<http::Response> {
        return http::Response::text(std::string(tracking::mlflow_version));
      });
  version.access = http::Access::open;
  CICLO_CHECK(router.add(std::move(version)));

  http::Route health = route("/health", "Is the server alive?",
                             [](http::Request&) -> Result<http::Response> { return http::Response::text("OK"); });
  health.access = http::Access::open;
  health.execution = http::Execution::io;
  CICLO_CHECK(router.add(std::move(health)));

  // Made once: the table does not change after this.
  const auto document = std::make_shared<std::string>();
  http::Route openapi = route("/openapi.json", "This document", [document](http::Request&) -> Result<http::Response> {
    return http::Response::text(*document, "application/json");
  });
  openapi.access = http::Access::open;
  CICLO_CHECK(router.add(std::move(openapi)));
  *document = to_text(http::openapi_document(router, "Ciclo", CICLO_VERSION));
  return {};
}

}  // namespace ciclo::server
