#include "inner_loop/tracking/import_handlers.hpp"

#include <fmt/format.h>

#include "inner_loop/tracking/artifacts.hpp"
#include "inner_loop/tracking/import_forms.hpp"

namespace ciclo::tracking {
namespace {

Result<http::Response> take_experiments(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(auto items, parse_import_items<Experiment>(body, "experiments", imported_experiment));
  CICLO_TRY(const auto outcomes, imports.experiments(request.parameter("workspace"), std::move(items)));
  return import_answer("experiments", outcomes);
}

Result<http::Response> take_runs(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, parse_import_items<ImportedRun>(body, "runs", imported_run));
  CICLO_TRY(const auto outcomes, imports.runs(request.parameter("workspace"), items));
  return import_answer("runs", outcomes);
}

Result<http::Response> take_models(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(const auto items, parse_import_items<ImportedModel>(body, "logged_models", imported_model));
  CICLO_TRY(const auto outcomes, imports.models(request.parameter("workspace"), items));
  return import_answer("logged_models", outcomes);
}

Result<http::Response> take_metrics(ImportService& imports, const http::Request& request) {
  CICLO_TRY(const Json body, request.json());
  CICLO_TRY(auto by_run, parse_import_items<std::vector<ImportedHistory>>(body, "runs", imported_histories));
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
  return import_answer(counts);
}

Result<std::vector<std::string>> texts_of(const Json& body, std::string_view name) {
  std::vector<std::string> texts;
  if (member(body, name).is_null()) return texts;
  CICLO_TRY(const Json* list, import_items(body, name));
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
  const auto take = [&](std::string_view name, Act act) {
    return add_import_route(router,
                            {.name = name,
                             .summary = fmt::format("Take in {} of an MLflow store as they are", name),
                             .handler = [&imports, act](http::Request& request) { return act(imports, request); }});
  };
  CICLO_CHECK(take("experiments", take_experiments));
  CICLO_CHECK(take("runs", take_runs));
  CICLO_CHECK(take("metrics", take_metrics));
  CICLO_CHECK(take("logged-models", take_models));
  CICLO_CHECK(
      add_import_route(router, {.name = "known",
                                .summary = "Which experiments and runs are here already",
                                .handler = [&imports](http::Request& request) { return tell_known(imports, request); },
                                .action = "workspace/read"}));
  return add_import_route(router,
                          {.name = "artifacts",
                           .summary = "The artifacts below a folder, with checksums",
                           .handler = [&blobs](http::Request& request) { return list_artifacts(blobs, request); },
                           .action = "storage/read"});
}

}  // namespace ciclo::tracking
