#include "monitoring/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "monitoring/schedule_store.hpp"

namespace ciclo::monitoring {
namespace {

using resources::Resource;
using resources::ResourceKey;
using resources::ResourceService;

ResourceKey key_of(const http::Request& request) {
  return {.workspace = request.parameter("workspace"),
          .kind = "schedule",
          .parent = {},
          .name = request.parameter("name"),
          .version = {}};
}

std::int64_t number_or(const http::Request& request, std::string_view name, std::int64_t otherwise) {
  const auto text = request.query.find(name);
  return text ? parse_int(*text).value_or(otherwise) : otherwise;
}

std::string text_of(const http::Request& request, std::string_view name) {
  return std::string(request.query.find(name).value_or(""));
}

template <class Item>
http::Response list_response(const std::vector<Item>& items) {
  Json value = Json::array();
  for (const auto& item : items) value.push_back(to_json(item));
  return http::Response::json({{"value", std::move(value)}});
}

// Writes the run down and wakes the controller by an event.
http::Handler run_now(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const auto& parts = service.parts();
    const auto& caller = resources::caller_of(request);
    const ResourceKey key = key_of(request);
    CICLO_TRY(const auto decision, resources::require(parts.access, caller, "monitor/write", key.workspace));
    ScheduleRun run;
    run.scheduled = parts.clock.now();
    run.request = new_uid();
    run.requested_by = caller.principal;
    return parts.database.write([&](sql::Session& session) -> Result<http::Response> {
      CICLO_TRY(const Resource schedule, parts.store.get(session, key));
      run.workspace = key.workspace;
      run.schedule_uid = schedule.uid;
      run.schedule = key.name;
      CICLO_CHECK(ScheduleStore().insert(session, run));
      CICLO_TRY(const auto newest, ScheduleStore().list(session, {schedule.uid, 0, 1}));
      events::Event event{.type = "ciclo.schedule.triggered",
                          .source = "/workspaces/" + key.workspace,
                          .subject = key.subject(),
                          .workspace = key.workspace,
                          .actor = caller.principal,
                          .data = {{"name", key.name}, {"run", newest.front().id}}};
      CICLO_CHECK(service.record_in(session,
                                    {.caller = caller,
                                     .action = "monitor/write",
                                     .operation = "trigger",
                                     .workspace = key.workspace,
                                     .target = key.path(),
                                     .decision = decision},
                                    std::move(event)));
      return http::Response::json(to_json(newest.front()), 202);
    });
  };
}

http::Handler set_enabled(ResourceService& service, bool enabled) {
  return [&service, enabled](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto schedule,
              service.update(resources::caller_of(request),
                             {.key = key_of(request), .patch = {{"is_enabled", enabled}}, .expected_revision = {}}));
    return http::Response::json(resources::view(*service.parts().kinds.find("schedule"), schedule));
  };
}

http::Handler list_results(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const auto& parts = service.parts();
    const std::int64_t limit = std::clamp<std::int64_t>(number_or(request, "limit", 20), 1, 1000);
    CICLO_TRY(const auto runs, parts.database.read([&](sql::Session& session) -> Result<std::vector<ScheduleRun>> {
      CICLO_TRY(const auto schedule, parts.store.get(session, key_of(request)));
      return ScheduleStore().list(session, {schedule.uid, number_or(request, "before", 0), limit});
    }));
    return list_response(runs);
  };
}

http::Handler show_result(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const auto& parts = service.parts();
    const std::int64_t id = parse_int(request.parameter("run")).value_or(0);
    CICLO_TRY(const auto run, parts.database.read([&](sql::Session& session) -> Result<std::optional<ScheduleRun>> {
      CICLO_TRY(const auto schedule, parts.store.get(session, key_of(request)));
      return ScheduleStore().find(session, schedule.uid, id);
    }));
    if (!run) {
      return fail(ErrorCode::not_found,
                  fmt::format("schedule '{}' has no run {}", request.parameter("name"), request.parameter("run")));
    }
    return http::Response::json(to_json(*run));
  };
}

http::Handler list_metrics(ResourceService& service) {
  return [&service](http::Request& request) -> Result<http::Response> {
    const auto& parts = service.parts();
    CICLO_TRY(const auto rows, parts.database.read([&](sql::Session& session) -> Result<std::vector<MetricRow>> {
      CICLO_TRY(const auto schedule, parts.store.get(session, key_of(request)));
      return ScheduleStore().metrics(
          session, {schedule.uid, text_of(request, "signal"), text_of(request, "feature"), text_of(request, "metric"),
                    std::clamp<std::int64_t>(number_or(request, "limit", 1000), 1, 10'000)});
    }));
    return list_response(rows);
  };
}

struct RouteLine {
  http::Method method;
  std::string_view end;
  std::string_view action;
  std::string_view summary;
  http::Handler handler;
};

}  // namespace

Result<void> add_schedule_routes(http::Router& router, ResourceService& service) {
  using enum http::Method;
  std::vector<RouteLine> lines{
      {post, "trigger", "monitor/write", "Run a schedule now", run_now(service)},
      {post, "enable", "monitor/write", "Switch a schedule on", set_enabled(service, true)},
      {post, "disable", "monitor/write", "Switch a schedule off", set_enabled(service, false)},
      {get, "monitor-results", "monitor/read", "A schedule's runs and what they found", list_results(service)},
      {get, "monitor-results/{run}", "monitor/read", "One run and what it found", show_result(service)},
      {get, "monitor-metrics", "monitor/read", "A monitor's metrics over time", list_metrics(service)},
  };
  for (auto& line : lines) {
    http::Route route;
    route.method = line.method;
    route.pattern = "/api/v1/workspaces/{workspace}/schedules/{name}/" + std::string(line.end);
    route.action = line.action;
    route.summary = line.summary;
    route.tag = "schedules";
    route.handler = std::move(line.handler);
    CICLO_CHECK(router.add(std::move(route)));
  }
  return {};
}

}  // namespace ciclo::monitoring
