#include "inner_loop/tracking/import_routes.hpp"

#include "inner_loop/tracking/import_forms.hpp"

namespace ciclo::tracking {

Result<const Json*> import_items(const Json& body, std::string_view name, std::size_t most) {
  const Json& items = member(body, name);
  if (!items.is_array())
    return fail(ErrorCode::invalid, fmt::format("'{}' must be a list", name), "/" + std::string(name));
  if (items.size() > most) {
    return fail(ErrorCode::too_large, fmt::format("'{}' holds {} items", name, items.size()), "/" + std::string(name),
                fmt::format("send at most {} at once", most));
  }
  return &items;
}

ImportOutcome refused_import(std::string id, std::string why) {
  return {.id = std::move(id), .outcome = Imported::refused, .differences = {std::move(why)}};
}

http::Response import_answer(std::string_view name, const std::vector<ImportOutcome>& outcomes) {
  Json list = Json::array();
  for (const ImportOutcome& outcome : outcomes) list.push_back(to_json(outcome));
  return http::Response::json({{std::string(name), std::move(list)}});
}

http::Response import_answer(const ImportCounts& counts) {
  Json body{{"added", counts.added}, {"present", counts.present}};
  for (const std::string& difference : counts.differences) body["differences"].push_back(difference);
  return http::Response::json(body);
}

Result<void> add_import_route(http::Router& router, ImportRoute route) {
  http::Route made;
  made.method = http::Method::post;
  made.pattern = std::string(import_path) + std::string(route.name);
  made.action = route.action;
  made.body_limit = route.body_limit;
  made.summary = std::move(route.summary);
  made.tag = "import";
  made.handler = std::move(route.handler);
  return router.add(std::move(made));
}

}  // namespace ciclo::tracking
