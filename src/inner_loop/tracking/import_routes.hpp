// What the routes of an import share, here and in the other modules that take in parts of an MLflow store: /api/v1/
// workspaces/{workspace}/import/… docs/moving-from-mlflow.md describes them.
//
// Thread safety: pure functions, but for add_import_route(), which is called before the server starts.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/import_types.hpp"
#include "platform/http/router.hpp"

namespace ciclo::tracking {

inline constexpr std::string_view import_path = "/api/v1/workspaces/{workspace}/import/";
inline constexpr std::size_t max_import_body = std::size_t{16} << 20U;
inline constexpr std::size_t max_import_items = 1000;

// The list that a body names. Fails with invalid, and with too_large for more than `most` items.
Result<const Json*> import_items(const Json& body, std::string_view name, std::size_t most = max_import_items);

// Every item by `parse`; the failure of one names it.
template <class Item>
Result<std::vector<Item>> parse_import_items(const Json& body, std::string_view name,
                                             Result<Item> (*parse)(const Json&)) {
  CICLO_TRY(const Json* list, import_items(body, name));
  std::vector<Item> items;
  items.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto item = parse((*list)[i]);
    if (!item) {
      item.error().target = fmt::format("/{}/{}/{}", name, i, item.error().target);
      return Failure(std::move(item).error());
    }
    items.push_back(std::move(*item));
  }
  return items;
}

// Nothing of it came in, and why.
ImportOutcome refused_import(std::string id, std::string why);

// {"<name>": [an outcome each]}
http::Response import_answer(std::string_view name, const std::vector<ImportOutcome>& outcomes);
// {"added", "present", "differences"}
http::Response import_answer(const ImportCounts& counts);

struct ImportRoute {
  std::string_view name;  // the path's last part
  std::string summary;
  http::Handler handler;
  std::string_view action = "workspace/write";
  std::size_t body_limit = max_import_body;
};
Result<void> add_import_route(http::Router& router, ImportRoute route);

}  // namespace ciclo::tracking
