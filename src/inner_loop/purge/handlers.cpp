#include "inner_loop/purge/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.hpp"
#include "base/text.hpp"

namespace ciclo::purge {
namespace {

using tracking::PurgeKind;

struct Wiring {
  PurgeService& purges;
  resources::ResourceService& resources;
};

Result<std::vector<std::string>> names_of(const Json& body, const char* field) {
  const Json& list = member(body, field);
  std::vector<std::string> names;
  if (list.is_null()) return names;
  const bool is_list = list.is_array() && std::ranges::all_of(list, [](const Json& item) { return item.is_string(); });
  if (!is_list) return fail(ErrorCode::invalid, "expected a list of names", fmt::format("/{}", field));
  return list.get<std::vector<std::string>>();
}

Result<GcRequest> read_request(const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  GcRequest gc;
  gc.workspace = request.parameter("workspace");
  if (const Json& age = member(body, "older_than"); !age.is_null()) {
    if (!age.is_string()) return fail(ErrorCode::invalid, "expected a text such as 30d", "/older_than");
    CICLO_TRY(gc.older_than, parse_age(age.get_ref<const std::string&>()));
  }
  CICLO_TRY(gc.experiments, names_of(body, "experiments"));
  CICLO_TRY(gc.runs, names_of(body, "runs"));
  const Json& dry = member(body, "dry_run");
  if (!dry.is_null() && !dry.is_boolean()) return fail(ErrorCode::invalid, "expected true or false", "/dry_run");
  gc.dry_run = dry.is_boolean() && dry.get<bool>();
  gc.resume = member(body, "continue");
  if (!gc.resume.is_null() && !gc.resume.is_object())
    return fail(ErrorCode::invalid, "expected what the answer before had", "/continue");
  return gc;
}

Result<resources::Decision> require(const Wiring& wiring, const http::Request& request, std::string_view action) {
  return resources::require(wiring.resources.parts().access, resources::caller_of(request), action,
                            request.parameter("workspace"));
}

Result<http::Response> gc_of_workspace(const Wiring& wiring, const http::Request& request) {
  CICLO_TRY(const auto decision, require(wiring, request, "workspace/manage"));
  CICLO_TRY(const auto gc, read_request(request));
  CICLO_TRY(const auto report, wiring.purges.gc({resources::caller_of(request), decision}, gc));
  return http::Response::json(to_json(report));
}

// The names of workspaces from `first` on, sorted.
Result<std::vector<std::string>> workspaces_from(const resources::ResourceService& service, const std::string& first) {
  std::vector<std::string> names;
  resources::ListRequest list{.workspace = "", .kind = "workspace"};
  list.include_archived = true;
  list.limit = 1000;
  do {
    CICLO_TRY(const auto page, service.parts().database.read(
                                   [&](sql::Session& session) { return service.parts().store.list(session, list); }));
    for (const auto& workspace : page.items)
      if (workspace.key.name >= first) names.push_back(workspace.key.name);
    list.page_token = page.next_page_token;
  } while (!list.page_token.empty());
  std::ranges::sort(names);
  return names;
}

// One workspace a call, then what no workspace owns.
Result<http::Response> gc_of_all(const Wiring& wiring, const http::Request& request) {
  CICLO_TRY(const auto decision, require(wiring, request, "organisation/manage"));
  CICLO_TRY(auto gc, read_request(request));
  if (!gc.experiments.empty() || !gc.runs.empty())
    return fail(ErrorCode::invalid, "experiments and runs are those of one workspace", "/experiments",
                "send it to /api/v1/workspaces/<workspace>/gc");
  CICLO_TRY(const auto names, workspaces_from(wiring.resources, text_or(gc.resume, "workspace")));
  if (names.empty() || member(gc.resume, "leftovers").is_boolean()) {
    CICLO_TRY(const auto report, wiring.purges.sweep_leftovers(gc.older_than, gc.dry_run));
    return http::Response::json(to_json(report));
  }
  gc.workspace = names.front();
  gc.resume = text_or(gc.resume, "workspace") == gc.workspace ? member(gc.resume, "position") : Json();
  CICLO_TRY(auto report, wiring.purges.gc({resources::caller_of(request), decision}, gc));
  if (!report.resume.is_null()) report.resume = Json{{"workspace", gc.workspace}, {"position", report.resume}};
  else if (names.size() > 1) report.resume = Json{{"workspace", names[1]}};
  else report.resume = Json{{"leftovers", true}};
  return http::Response::json(to_json(report));
}

http::Handler purge_one(Wiring wiring, PurgeKind kind) {
  return [wiring, kind](http::Request& request) -> Result<http::Response> {
    CICLO_TRY(const auto decision, require(wiring, request, "workspace/write"));
    CICLO_CHECK(require(wiring, request, "storage/write"));
    CICLO_TRY(const Json body, request.json());
    const Json& resume = member(body, "continue");
    if (!resume.is_null() && !resume.is_object())
      return fail(ErrorCode::invalid, "expected what the answer before had", "/continue");
    CICLO_TRY(const auto report, wiring.purges.purge({resources::caller_of(request), decision},
                                                     {.kind = kind,
                                                      .workspace = request.parameter("workspace"),
                                                      .name = request.parameter("name"),
                                                      .resume = resume}));
    return http::Response::json(to_json(report));
  };
}

http::Route route_of(std::string pattern, std::string action, std::string summary, http::Handler handler) {
  http::Route route;
  route.method = http::Method::post;
  route.pattern = std::move(pattern);
  route.action = std::move(action);
  route.summary = std::move(summary);
  route.tag = "gc";
  route.handler = std::move(handler);
  return route;
}

}  // namespace

Result<Milliseconds> parse_age(std::string_view text) {
  static constexpr std::array<std::pair<char, std::int64_t>, 5> units{
      {{'s', 1'000}, {'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}, {'w', 604'800'000}}};
  constexpr std::int64_t longest = 100LL * 366 * 86'400'000;
  if (text.starts_with('P')) return parse_duration(text);
  const auto number = text.empty() ? std::nullopt : parse_int(text.substr(0, text.size() - 1));
  const auto* unit =
      text.empty() ? units.end() : std::ranges::find(units, text.back(), &std::pair<char, std::int64_t>::first);
  if (number && unit != units.end() && *number >= 0 && *number <= longest / unit->second)
    return Milliseconds(*number * unit->second);
  return fail(ErrorCode::invalid, fmt::format("'{}' is no age", text.substr(0, 50)), "/older_than",
              "write a number and s, m, h, d or w, such as 30d");
}

Result<void> add_purge_routes(http::Router& router, PurgeService& purges, resources::ResourceService& resources) {
  const Wiring wiring{purges, resources};
  const std::string root = "/api/v1/workspaces/{workspace}";
  CICLO_CHECK(router.add(route_of(root + "/gc", "workspace/manage", "Delete for good what was deleted long ago",
                                  [wiring](http::Request& request) { return gc_of_workspace(wiring, request); })));
  CICLO_CHECK(router.add(route_of("/api/v1/gc", "organisation/manage",
                                  "Delete for good what was deleted long ago, in every workspace",
                                  [wiring](http::Request& request) { return gc_of_all(wiring, request); })));
  CICLO_CHECK(router.add(route_of(root + "/runs/{name}/purge", "workspace/write", "Delete a run for good",
                                  purge_one(wiring, PurgeKind::run))));
  CICLO_CHECK(router.add(route_of(root + "/logged-models/{name}/purge", "workspace/write",
                                  "Delete a logged model for good", purge_one(wiring, PurgeKind::logged_model))));
  return router.add(route_of(root + "/experiments/{name}/purge", "workspace/write",
                             "Delete an experiment for good, with everything in it",
                             purge_one(wiring, PurgeKind::experiment)));
}

}  // namespace ciclo::purge
