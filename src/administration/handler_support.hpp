// What the route files of this module share.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "administration/handlers.hpp"
#include "base/text.hpp"

namespace ciclo::administration {

using RouteFunction = Result<http::Response> (*)(const AdministrationParts&, http::Request&);

struct RouteText {
  http::Method method;
  std::string pattern;
  std::string action;  // empty: the function judges
  std::string summary;
  std::string tag;
};

Result<void> add_route(http::Router& router, const AdministrationParts& parts, RouteText text, RouteFunction function);

// {"value": […]}, each item as `show` says it.
template <class Item>
http::Response list_response(const std::vector<Item>& items, Json (*show)(const std::type_identity_t<Item>&)) {
  Json value = Json::array();
  for (const Item& item : items) value.push_back(show(item));
  return http::Response::json({{"value", value}});
}

// Fails with invalid, naming the field.
Result<std::string> needed_text(const Json& body, std::string_view key);
// A list of 1 to `most` texts.
Result<std::vector<std::string>> needed_texts(const Json& body, std::string_view key, std::size_t most);
// A time (RFC 3339), or nothing when the field is missing or null.
Result<std::optional<TimePoint>> optional_time(const Json& body, std::string_view key);
// A duration in ISO 8601 ("PT1H"), or short ("90s", "15m", "8h", "7d"); nothing when the field is missing.
Result<std::optional<std::chrono::seconds>> optional_duration(const Json& body, std::string_view key);

// A change of who may enter: event and audit row, in the change's transaction.
Result<void> record(sql::Session& session, const AdministrationParts& parts, const resources::AuditEntry& entry,
                    std::string_view event_type);

}  // namespace ciclo::administration
