#include "outer_loop/webhooks/handlers.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/mlflow_routes.hpp"

namespace ciclo::outer_loop {
namespace {

using tracking::Call;

constexpr std::size_t default_webhooks = 100;
constexpr std::size_t max_webhooks_of_a_page = 1000;
constexpr std::size_t default_deliveries = 100;

WebhookPlace place_of(const Call& call) {
  return {.workspace = call.workspace, .id = call.request.parameter("webhook_id")};
}

Json webhook_json(const Webhook& webhook) {
  return {{"webhook", to_json(webhook)}};
}

// A field that is there, as text.
Result<std::optional<std::string>> text_of(const Call& call, std::string_view name) {
  if (!call.arguments.has(name)) return std::optional<std::string>();
  CICLO_TRY(auto text, call.arguments.text(name));
  return std::optional<std::string>(std::move(text));
}

Result<WebhookChange> change_of(const Call& call) {
  WebhookChange change;
  CICLO_TRY(change.name, text_of(call, "name"));
  CICLO_TRY(change.url, text_of(call, "url"));
  // MLflow: an empty name or address means no change.
  for (auto* text : {&change.name, &change.url})
    if (*text && (*text)->empty()) text->reset();
  CICLO_TRY(change.description, text_of(call, "description"));
  CICLO_TRY(change.secret, text_of(call, "secret"));
  if (call.arguments.has("status")) {
    CICLO_TRY(change.status, parse_webhook_status(call.arguments.field("status")));
  }
  const Json& events = call.arguments.field("events");
  if (!events.is_null() && !events.is_array())
    return fail(ErrorCode::invalid, "Invalid value for parameter 'events': a list is needed", "events");
  for (const Json& event : events) {
    CICLO_TRY(auto parsed, parse_webhook_event(event));
    if (!change.events) change.events.emplace();
    change.events->push_back(std::move(parsed));
  }
  return change;
}

Result<Json> create(WebhookService& service, const Call& call) {
  CICLO_CHECK(call.arguments.required_text("name"));
  CICLO_CHECK(call.arguments.required_text("url"));
  CICLO_TRY(const auto change, change_of(call));
  CICLO_TRY(const auto webhook, service.create(call.caller, call.workspace, change));
  return webhook_json(webhook);
}

Result<Json> list(WebhookService& service, const Call& call) {
  CICLO_TRY(const auto max_results, call.arguments.max_results(default_webhooks, max_webhooks_of_a_page));
  CICLO_TRY(const auto token, call.arguments.text("page_token"));
  CICLO_TRY(const auto page, service.list(call.workspace, max_results, token));
  Json answer = Json::object();
  for (const Webhook& webhook : page.webhooks) answer["webhooks"].push_back(to_json(webhook));
  if (!page.next_page_token.empty()) answer["next_page_token"] = page.next_page_token;
  return answer;
}

Result<Json> get(WebhookService& service, const Call& call) {
  CICLO_TRY(const auto webhook, service.get(place_of(call)));
  return webhook_json(webhook);
}

Result<Json> update(WebhookService& service, const Call& call) {
  CICLO_TRY(const auto change, change_of(call));
  CICLO_TRY(const auto webhook, service.update(call.caller, place_of(call), change));
  return webhook_json(webhook);
}

Result<Json> remove(WebhookService& service, const Call& call) {
  CICLO_CHECK(service.remove(call.caller, place_of(call)));
  return Json::object();
}

Result<Json> test(WebhookService& service, const Call& call) {
  std::optional<WebhookEvent> event;
  if (call.arguments.has("event")) {
    CICLO_TRY(event, parse_webhook_event(call.arguments.field("event")));
  }
  CICLO_TRY(const auto result, service.test(place_of(call), event));
  Json answer{{"success", result.success}};
  if (result.status) {
    answer["response_status"] = *result.status;
    answer["response_body"] = result.body;
  }
  if (!result.error.empty()) answer["error_message"] = result.error;
  return Json{{"result", std::move(answer)}};
}

Result<http::Response> list_deliveries(WebhookService& service, const http::Request& request) {
  const auto limit = parse_int(request.query.find("limit").value_or("100")).value_or(default_deliveries);
  CICLO_TRY(const auto deliveries,
            service.deliveries({request.parameter("workspace"), request.parameter("webhook_id")},
                               static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, 1000))));
  Json value = Json::array();
  for (const WebhookDelivery& delivery : deliveries) value.push_back(to_json(delivery));
  return http::Response::json({{"value", std::move(value)}});
}

struct WebhookEndpoint {
  http::Method method = http::Method::get;
  std::string_view path;
  std::string_view action;
  std::string_view summary;
  Result<Json> (*act)(WebhookService&, const Call&) = nullptr;
};

}  // namespace

Result<void> add_webhook_routes(http::Router& router, WebhookService& service) {
  using http::Method;
  static constexpr std::string_view one = "webhooks/{webhook_id}";
  static constexpr std::string_view test_path = "webhooks/{webhook_id}/test";
  const std::vector<WebhookEndpoint> table{
      {Method::post, "webhooks", "automation/write", "MLflow: create a webhook", create},
      {Method::get, "webhooks", "automation/read", "MLflow: list webhooks", list},
      {Method::get, one, "automation/read", "MLflow: show a webhook", get},
      {Method::patch, one, "automation/write", "MLflow: change a webhook", update},
      {Method::del, one, "automation/write", "MLflow: delete a webhook", remove},
      {Method::post, test_path, "automation/write", "MLflow: send an example to a webhook", test}};
  tracking::MlflowRoutes routes(router);
  for (const WebhookEndpoint& endpoint : table)
    CICLO_CHECK(routes.add({.method = endpoint.method,
                            .path = std::string(endpoint.path),
                            .action = std::string(endpoint.action),
                            .summary = std::string(endpoint.summary),
                            .body_limit = 64U << 10U,
                            .handler = [&service, act = endpoint.act](Call& call) { return act(service, call); }}));
  http::Route deliveries;
  deliveries.pattern = "/api/v1/workspaces/{workspace}/webhooks/{webhook_id}/deliveries";
  deliveries.action = "automation/read";
  deliveries.summary = "What was sent to a webhook, newest first";
  deliveries.tag = "webhooks";
  deliveries.handler = [&service](http::Request& request) { return list_deliveries(service, request); };
  return router.add(std::move(deliveries));
}

}  // namespace ciclo::outer_loop
