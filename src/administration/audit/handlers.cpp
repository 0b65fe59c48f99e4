#include "administration/audit/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

using Function = Result<http::Response> (*)(AuditLog&, http::Request&);

std::string text_of(const http::Request& request, std::string_view name) {
  return std::string(request.query.find(name).value_or(""));
}

Result<std::int64_t> number_of(const http::Request& request, std::string_view name, std::int64_t otherwise) {
  const auto text = request.query.find(name);
  if (!text || text->empty()) return otherwise;
  const auto number = parse_int(*text);
  if (number && *number >= 0) return *number;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a whole number", *text), fmt::format("/{}", name));
}

Result<std::optional<TimePoint>> moment_of(const http::Request& request, std::string_view name, TimePoint now) {
  const std::string text = text_of(request, name);
  if (text.empty()) return std::nullopt;
  CICLO_TRY(const TimePoint moment, parse_moment(text, name, now));
  return moment;
}

Result<AuditQuery> query_of(const http::Request& request, TimePoint now) {
  AuditQuery query{.workspace = request.parameter("workspace"),
                   .principal = text_of(request, "principal"),
                   .operation = text_of(request, "operation")};
  CICLO_TRY(query.since, moment_of(request, "since", now));
  CICLO_TRY(query.until, moment_of(request, "until", now));
  CICLO_TRY(query.before, number_of(request, "before", 0));
  CICLO_TRY(const std::int64_t limit, number_of(request, "limit", 100));
  query.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, 1000));
  const std::string outcome = text_of(request, "outcome");
  if (!outcome.empty() && outcome != "allowed" && outcome != "denied")
    return fail(ErrorCode::invalid, fmt::format("there is no outcome '{}'", outcome), "/outcome",
                "it is allowed or denied");
  if (!outcome.empty()) query.allowed = outcome == "allowed";
  if (const std::string filter = text_of(request, "filter"); !filter.empty()) {
    CICLO_TRY(query.filter, JmesPath::compile(filter));
  }
  return query;
}

Result<http::Response> list_rows(AuditLog& audit, http::Request& request) {
  CICLO_TRY(const AuditQuery query, query_of(request, audit.clock().now()));
  CICLO_TRY(const AuditPage page, audit.page(query));
  Json rows = Json::array();
  for (const AuditRow& row : page.rows) rows.push_back(to_json(row));
  return http::Response::json({{"value", std::move(rows)}, {"next", page.next > 0 ? Json(page.next) : Json()}});
}

Result<http::Response> export_rows(AuditLog& audit, http::Request& request) {
  const TimePoint now = audit.clock().now();
  AuditExport::Range range{.workspace = request.parameter("workspace")};
  CICLO_TRY(range.since, moment_of(request, "since", now));
  CICLO_TRY(range.until, moment_of(request, "until", now));
  CICLO_TRY(AuditExport lines, audit.export_lines(std::move(range)));
  http::Response response;
  response.headers.set("content-type", "application/x-ndjson");
  response.stream = [source = std::make_shared<AuditExport>(std::move(lines))] { return source->next(); };
  return response;
}

Result<http::Response> verify(AuditLog& audit, http::Request& request) {
  std::optional<AuditCheckpoint> kept;
  if (request.method == http::Method::post) {
    CICLO_TRY(const Json body, request.json());
    if (const Json& given = member(body, "checkpoint"); !given.is_null()) {
      CICLO_TRY(kept, read_checkpoint(given));
    }
  }
  CICLO_TRY(const AuditReport report, audit.verify(std::move(kept)));
  return http::Response::json(to_json(report));
}

Result<http::Response> create_checkpoint(AuditLog& audit, http::Request&) {
  CICLO_TRY(const AuditCheckpoint checkpoint, audit.checkpoint());
  return http::Response::json(to_json(checkpoint, audit.key()), 201);
}

Result<http::Response> show_key(AuditLog& audit, http::Request&) {
  return http::Response::json({{"algorithm", "Ed25519"}, {"public_key", audit.key().public_key()}});
}

Result<http::Response> show_retention(AuditLog& audit, http::Request&) {
  CICLO_TRY(const std::int64_t days, audit.retention().days());
  return http::Response::json({{"days", days > 0 ? Json(days) : Json()}});
}

Result<http::Response> set_retention(AuditLog& audit, http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  const Json& days = body.is_object() && body.contains("days") ? body["days"] : Json(-1);
  if (!days.is_null() && !(days.is_number_integer() && days.get<std::int64_t>() > 0))
    return fail(ErrorCode::invalid, "'days' must be a whole number of at least 1, or null to keep rows for ever",
                "/days");
  CICLO_CHECK(audit.retention().set(resources::caller_of(request), days.is_null() ? 0 : days.get<std::int64_t>()));
  audit.apply_retention_soon();
  return http::Response::json({{"days", days}});
}

struct RouteText {
  http::Method method;
  std::string pattern;
  std::string action;
  std::string summary;
  Function function;
};

}  // namespace

Result<void> add_audit_routes(http::Router& router, AuditLog& audit) {
  using http::Method;
  const std::string all = "/api/v1/audit";
  const std::string one = "/api/v1/workspaces/{workspace}/audit";
  const std::string read = "logs/audit/read";
  for (const RouteText& text : std::initializer_list<RouteText>{
           {Method::get, one, read, "Read a workspace's audit log", list_rows},
           {Method::get, all, read, "Read the whole audit log", list_rows},
           {Method::get, one + "/export", read, "Export a workspace's audit log as JSON lines", export_rows},
           {Method::get, all + "/export", read, "Export the whole audit log as JSON lines", export_rows},
           {Method::get, all + "/verify", read, "Check that nobody changed the audit log", verify},
           {Method::post, all + "/verify", read, "Check the audit log against a checkpoint kept elsewhere", verify},
           {Method::post, all + "/checkpoints", read, "Make a signed checkpoint to be kept elsewhere",
            create_checkpoint},
           {Method::get, all + "/key", read, "Show the public key of the checkpoints", show_key},
           {Method::get, all + "/retention", read, "Show how long the audit log is kept", show_retention},
           {Method::put, all + "/retention", "organisation/manage", "Set how long the audit log is kept",
            set_retention}}) {
    http::Route route;
    route.method = text.method;
    route.pattern = text.pattern;
    route.action = text.action;
    route.summary = text.summary;
    route.tag = "audit";
    route.handler = [&audit, function = text.function](http::Request& request) { return function(audit, request); };
    CICLO_CHECK(router.add(std::move(route)));
  }
  return {};
}

}  // namespace ciclo::administration
