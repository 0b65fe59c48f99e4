#include "administration/handler_support.hpp"

#include <fmt/format.h>

#include "base/duration.hpp"

namespace ciclo::administration {

Result<void> add_route(http::Router& router, const AdministrationParts& parts, RouteText text, RouteFunction function) {
  http::Route route;
  route.method = text.method;
  route.pattern = std::move(text.pattern);
  route.action = std::move(text.action);
  route.summary = std::move(text.summary);
  route.tag = std::move(text.tag);
  route.handler = [parts, function](http::Request& request) { return function(parts, request); };
  return router.add(std::move(route));
}

Result<std::string> needed_text(const Json& body, std::string_view key) {
  const Json& value = member(body, key);
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return value.get<std::string>();
  return fail(ErrorCode::invalid, fmt::format("'{}' is missing", key), "/" + std::string(key), "give it as a text");
}

Result<std::vector<std::string>> needed_texts(const Json& body, std::string_view key, std::size_t most) {
  std::vector<std::string> texts;
  const Json& list = member(body, key);
  bool is_good = list.is_array() && !list.empty() && list.size() <= most;
  for (std::size_t index = 0; is_good && index < list.size(); ++index) {
    is_good = list[index].is_string();
    if (is_good) texts.push_back(list[index].get<std::string>());
  }
  if (is_good) return texts;
  return fail(ErrorCode::invalid, fmt::format("expected '{}' as a list of 1 to {} texts", key, most),
              "/" + std::string(key));
}

Result<std::optional<TimePoint>> optional_time(const Json& body, std::string_view key) {
  const Json& value = member(body, key);
  if (value.is_null()) return std::nullopt;
  const auto time = value.is_string() ? parse_rfc3339(value.get_ref<const std::string&>()) : std::nullopt;
  if (time) return time;
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a time", key), "/" + std::string(key),
              "for example 2030-01-31T00:00:00Z");
}

Result<std::optional<std::chrono::seconds>> optional_duration(const Json& body, std::string_view key) {
  const Json& value = member(body, key);
  if (value.is_null()) return std::nullopt;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  if (const auto iso = parse_duration(text); iso) return std::chrono::duration_cast<std::chrono::seconds>(*iso);
  if (text.size() >= 2 && text.size() <= 9) {
    const auto count = parse_int(std::string_view(text).substr(0, text.size() - 1));
    if (count && *count > 0) {
      switch (text.back()) {
        case 's': return std::chrono::seconds(*count);
        case 'm': return std::chrono::minutes(*count);
        case 'h': return std::chrono::hours(*count);
        case 'd': return std::chrono::days(*count);
        default: break;
      }
    }
  }
  return fail(ErrorCode::invalid, fmt::format("'{}' is not a duration", key), "/" + std::string(key),
              "for example 15m, 8h, 90d or PT1H30M");
}

Result<void> record(sql::Session& session, const AdministrationParts& parts, const resources::AuditEntry& entry,
                    std::string_view event_type) {
  events::Event event{.type = std::string(event_type),
                      .source = entry.workspace.empty() ? "/" : "/workspaces/" + entry.workspace,
                      .subject = entry.target,
                      .workspace = entry.workspace,
                      .actor = entry.caller.principal,
                      .data = entry.detail};
  return parts.service.record_in(session, entry, std::move(event));
}

}  // namespace ciclo::administration
