#include "inner_loop/tracking/import_handlers.hpp"

#include <fmt/format.h>

#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/import_forms.hpp"

namespace ciclo::tracking {
namespace {

// The list that a body names, within its limit.
Result<const Json*> items_of(const Json& body, std::string_view name) {
  const Json& items = member(body, name);
  if (!items.is_array())
    return fail(ErrorCode::invalid, fmt::format("'{}' must be a list", name), "/" + std::string(name));
  if (items.size() > max_import_items) {
    return fail(ErrorCode::too_large, fmt::format("'{}' holds {} items", name, items.size()), "/" + std::string(name),
                fmt::format("send at most {} at once", max_import_items));
  }
  return &items;
}

// Every item by `parse`; the failure of one names it.
template <class Item>
Result<std::vector<Item>> parse_items(const Json& body, std::string_view name, Result<Item> (*parse)(const Json&)) {
  CICLO_TRY(const Json* list, items_of(body, name));
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

http::Response answer(std::string_view name, const std::vector<ImportOutcome>& outcomes) {
  Json body{{std::string(name), Json::array()}};
  for (const ImportOutcome& outcome : outcomes) body[std::string(name)].push_back(to_json(outcome));
  return http::Response::json(body);
}

Result<http::Response> take_experiments(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(auto items, parse_items<Experiment>(body, "experiments", imported_experiment));
  CICLO_TRY(const auto outcomes, imports.experiments(request.parameter("workspace"), std::move(items)));
  return answer("experiments", outcomes);
}

Result<http::Response> take_runs(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, parse_items<ImportedRun>(body, "runs", imported_run));
  CICLO_TRY(const auto outcomes, imports.runs(request.parameter("workspace"), items));
  return answer("runs", outcomes);
}

Result<http::Response> take_models(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, parse_items<ImportedModel>(body, "logged_models", imported_model));
  CICLO_TRY(const auto outcomes, imports.models(request.parameter("workspace"), items));
  return answer("logged_models", outcomes);
}

Result<http::Response> take_metrics(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(auto by_run, parse_items<std::vector<ImportedHistory>>(body, "runs", imported_histories));
  std::vector<ImportedHistory> items;
  std::size_t points = 0;
  for (auto& histories : by_run)
    for (ImportedHistory& history : histories) {
      points += history.points.size();
      items.push_back(std::move(history));
    }
  if (points > max_import_points) {
    return fail(ErrorCode::too_large, fmt::format("the request holds {} observations", points), "/runs",
                fmt::format("send at most {} at once", max_import_points));
  }
  CICLO_TRY(const auto counts, imports.metrics(request.parameter("workspace"), std::move(items)));
  Json body_out{{"added", counts.added}, {"present", counts.present}};
  for (const std::string& difference : counts.differences) body_out["differences"].push_back(difference);
  return http::Response::json(body_out);
}

Result<std::vector<std::string>> texts_of(const Json& body, std::string_view name) {
  std::vector<std::string> texts;
  if (member(body, name).is_null()) return texts;
  CICLO_TRY(const Json* list, items_of(body, name));
  for (const Json& item : *list) {
    if (!item.is_string()) return fail(ErrorCode::invalid, "expected a text", "/" + std::string(name));
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<http::Response> tell_known(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto names, texts_of(body, "experiments"));
  CICLO_TRY(const auto ids, texts_of(body, "runs"));
  CICLO_TRY(const auto known, imports.known(request.parameter("workspace"), names, ids));
  Json answer{{"experiments", Json::object()}, {"runs", known.runs}};
  for (const Experiment& found : known.experiments) answer["experiments"][found.name] = std::to_string(found.id);
  return http::Response::json(answer);
}

// What lies below a folder of the artifacts, with checksums: so that nothing is sent twice.
Result<http::Response> list_artifacts(blobs::BlobStore& blobs, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  const std::string folder = text_or(body, "folder");
  if (folder.empty()) return fail(ErrorCode::invalid, "'folder' names no folder", "/folder");
  CICLO_TRY(const auto key, artifact_key(request.parameter("workspace"), "mlflow-artifacts:/", folder));
  CICLO_TRY(const auto found, blobs.walk(key));
  Json files = Json::array();
  for (const blobs::BlobInfo& blob : found) {
    CICLO_TRY(const auto info, blobs.stat(blob.key));
    files.push_back({{"path", blob.key.substr(key.size() + 1)}, {"size", info.size}, {"sha256", info.sha256}});
  }
  return http::Response::json({{"files", std::move(files)}});
}

}  // namespace

Result<void> add_import_routes(http::Router& router, ImportService& imports, blobs::BlobStore& blobs) {
  using Act = Result<http::Response> (*)(ImportService&, const http::Request&);
  const auto add = [&](std::string_view name, std::string_view action, std::string summary, http::Handler handler) {
    http::Route route;
    route.method = http::Method::post;
    route.pattern = std::string(import_path) + std::string(name);
    route.action = action;
    route.body_limit = max_import_body;
    route.summary = std::move(summary);
    route.tag = "import";
    route.handler = std::move(handler);
    return router.add(std::move(route));
  };
  const auto take = [&](std::string_view name, Act act) {
    return add(name, "workspace/write", fmt::format("Take in {} of an MLflow store as they are", name),
               [&imports, act](http::Request& request) { return act(imports, request); });
  };
  CICLO_CHECK(take("experiments", take_experiments));
  CICLO_CHECK(take("runs", take_runs));
  CICLO_CHECK(take("metrics", take_metrics));
  CICLO_CHECK(take("logged-models", take_models));
  CICLO_CHECK(add("known", "workspace/read", "Which experiments and runs are here already",
                  [&imports](http::Request& request) { return tell_known(imports, request); }));
  return add("artifacts", "storage/read", "The artifacts below a folder, with checksums",
             [&blobs](http::Request& request) { return list_artifacts(blobs, request); });
}

}  // namespace ciclo::tracking
