// A server that speaks MLflow's REST API: MLflow's own, or Ciclo.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/rest_client.hpp"
#include "portability/rest_evaluation.hpp"
#include "portability/rest_traces.hpp"
#include "portability/source.hpp"

namespace ciclo::portability {
namespace {

constexpr int max_folder_depth = 64;

double number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value.is_string() ? to_lower(value.get<std::string>()) : "nan";
  if (text == "infinity" || text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-infinity" || text == "-inf") return -std::numeric_limits<double>::infinity();
  return parse_double(text).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::int64_t integer_of(const Json& value) {
  if (value.is_number()) return value.get<std::int64_t>();
  return value.is_string() ? parse_int(value.get<std::string>()).value_or(0) : 0;
}

class RestSource final : public Source {
 public:
  RestSource(const std::string& url, const std::string& authorization)
      : client_(url, authorization), traces_(client_, gaps_), evaluation_(client_, gaps_) {}

  std::string title() const override { return "the server " + client_.base(); }
  Result<std::vector<Json>> experiments() override;
  Result<void> runs(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> metrics(const Json& run, const TakeHistory& take) override;
  Result<void> logged_models(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> traces(const std::string& experiment_id, const TakeItems& take) override {
    return traces_.of_experiment(experiment_id, run_ids_[experiment_id], take);
  }
  Result<std::vector<Json>> scorers(const std::string& experiment_id) override {
    return evaluation_.scorers(experiment_id);
  }
  Result<std::vector<Json>> evaluation_datasets() override { return evaluation_.datasets(); }
  Result<void> evaluation_records(const std::string& dataset_id, const TakeItems& take) override {
    return evaluation_.records(dataset_id, take);
  }
  Result<std::vector<Json>> webhooks() override { return evaluation_.webhooks(); }
  Result<std::vector<Json>> registered_models() override;
  Result<std::vector<Json>> versions(const std::string& model) override;
  Result<std::vector<ArtifactFile>> artifacts(const ArtifactPlace& place, std::vector<std::string>& skipped) override;
  Result<Bytes> open(const ArtifactPlace& place, const ArtifactFile& file) override;
  Result<std::vector<LeftBehind>> left_behind() override {
    std::vector<LeftBehind> all;
    for (const std::string& gap : gaps_) all.push_back({gap, 1});
    return all;
  }
  std::string download_uri(const Json& version) override;
  bool is_local() const override { return false; }

 private:
  // Every page of a search, handed on as they come.
  Result<void> pages(const std::string& endpoint, Json body, std::string_view member_name, const TakeItems& take);
  Result<void> search_versions(const std::string& filter, std::map<std::int64_t, Json>& found);
  struct Folder {
    const ArtifactPlace& place;
    std::string path;
    int depth = 0;
  };
  Result<void> list_folder(const Folder& folder, std::vector<ArtifactFile>& files);

  RestClient client_;
  Gaps gaps_;
  RestTraces traces_;
  RestEvaluation evaluation_;
  std::map<std::string, std::vector<std::string>> run_ids_;  // by experiment, of those that were handed on
};

Result<void> RestSource::pages(const std::string& endpoint, Json body, std::string_view member_name,
                               const TakeItems& take) {
  for (;;) {
    CICLO_TRY(Json answer, client_.post(std::string(api2) + endpoint, body));
    std::vector<Json> items;
    if (auto found = answer.find(member_name); found != answer.end() && found->is_array())
      for (Json& item : *found) items.push_back(std::move(item));
    if (!items.empty()) CICLO_CHECK(take(std::move(items)));
    const std::string token = text_or(answer, "next_page_token");
    if (token.empty()) return {};
    body["page_token"] = token;
  }
}

Result<std::vector<Json>> RestSource::experiments() {
  std::vector<Json> all;
  CICLO_CHECK(pages("experiments/search", {{"view_type", "ALL"}, {"max_results", 1000}}, "experiments",
                    [&](std::vector<Json> page) -> Result<void> {
                      std::ranges::move(page, std::back_inserter(all));
                      return {};
                    }));
  std::ranges::sort(all, {}, [](const Json& item) { return parse_int(text_or(item, "experiment_id")).value_or(0); });
  return all;
}

Result<void> RestSource::runs(const std::string& experiment_id, const TakeItems& take) {
  auto& known = run_ids_[experiment_id];
  known.clear();
  return pages("runs/search", {{"experiment_ids", {experiment_id}}, {"run_view_type", "ALL"}, {"max_results", 200}},
               "runs", [&](std::vector<Json> page) {
                 for (const Json& run : page) known.push_back(text_or(member(run, "info"), "run_id"));
                 return take(std::move(page));
               });
}

Result<void> RestSource::metrics(const Json& run, const TakeHistory& take) {
  const std::string run_id = text_or(member(run, "info"), "run_id");
  for (const Json& latest : at_pointer(run, "/data/metrics")) {
    const std::string key = text_or(latest, "key");
    std::string token;
    do {
      std::string path = fmt::format("{}metrics/get-history?run_id={}&metric_key={}&max_results=25000", api2,
                                     http::percent_encode(run_id), http::percent_encode(key));
      if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
      CICLO_TRY(const Json answer, client_.get(path));
      History history{.run_id = run_id, .key = key, .steps = {}, .timestamps = {}, .values = {}};
      for (const Json& point : member(answer, "metrics")) {
        history.add(integer_of(member(point, "step")), integer_of(member(point, "timestamp")),
                    number_of(member(point, "value")));
      }
      if (history.size() > 0) CICLO_CHECK(take(std::move(history)));
      token = text_or(answer, "next_page_token");
    } while (!token.empty());
  }
  return {};
}

Result<void> RestSource::logged_models(const std::string& experiment_id, const TakeItems& take) {
  auto done = pages("logged-models/search", {{"experiment_ids", {experiment_id}}, {"max_results", 50}}, "models", take);
  // MLflow 2 has none.
  if (!done && (done.error().code == ErrorCode::not_found || done.error().code == ErrorCode::unsupported)) return {};
  return done;
}

Result<std::vector<Json>> RestSource::registered_models() {
  std::map<std::string, Json> found;
  for (const char* filter : {"", "tags.`mlflow.prompt.is_prompt` = 'true'"}) {
    std::string token;
    do {
      std::string path = fmt::format("{}registered-models/search?max_results=100", api2);
      if (*filter != '\0') path += "&filter=" + http::percent_encode(filter);
      if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
      CICLO_TRY(const Json answer, client_.get(path));
      for (const Json& item : member(answer, "registered_models")) found[text_or(item, "name")] = item;
      token = text_or(answer, "next_page_token");
    } while (!token.empty());
  }
  std::vector<Json> items;
  for (auto& [name, item] : found) items.push_back(std::move(item));
  std::ranges::stable_sort(items, {}, [](const Json& item) { return integer_of(member(item, "creation_timestamp")); });
  return items;
}

Result<void> RestSource::search_versions(const std::string& filter, std::map<std::int64_t, Json>& found) {
  std::string token;
  do {
    std::string path =
        fmt::format("{}model-versions/search?max_results=1000&filter={}", api2, http::percent_encode(filter));
    if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
    CICLO_TRY(const Json answer, client_.get(path));
    for (const Json& item : member(answer, "model_versions"))
      found[parse_int(text_or(item, "version")).value_or(0)] = item;
    token = text_or(answer, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<std::vector<Json>> RestSource::versions(const std::string& model) {
  const char quote = model.find('\'') == std::string::npos ? '\'' : '"';
  const std::string filter = fmt::format("name = {}{}{}", quote, model, quote);
  std::map<std::int64_t, Json> found;
  CICLO_CHECK(search_versions(filter, found));
  CICLO_CHECK(search_versions(filter + " AND tags.`mlflow.prompt.is_prompt` = 'true'", found));
  CICLO_TRY(const Json answer,
            client_.get(fmt::format("{}registered-models/get?name={}", api2, http::percent_encode(model))));
  std::map<std::int64_t, std::vector<std::string>> aliases;
  for (const Json& alias : at_pointer(answer, "/registered_model/aliases"))
    aliases[integer_of(member(alias, "version"))].push_back(text_or(alias, "alias"));
  std::vector<Json> items;
  for (auto& [number, item] : found) {
    item["aliases"] = aliases[number];
    items.push_back(std::move(item));
  }
  return items;
}

std::string RestSource::download_uri(const Json& version) {
  const auto answer = client_.get(fmt::format("{}model-versions/get-download-uri?name={}&version={}", api2,
                                              http::percent_encode(text_or(version, "name")),
                                              http::percent_encode(text_or(version, "version"))));
  return answer ? text_or(*answer, "artifact_uri") : text_or(version, "source");
}

constexpr std::string_view served = "mlflow-artifacts:";

// The path of the artifacts proxy; nothing for another place.
std::string proxied_path(const std::string& uri) {
  if (!uri.starts_with(served)) return {};
  std::string path = uri.substr(served.size());
  if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
  path.erase(0, path.find_first_not_of('/'));
  return path;
}

Result<void> RestSource::list_folder(const Folder& folder, std::vector<ArtifactFile>& files) {
  if (folder.depth > max_folder_depth) return fail(ErrorCode::too_large, "folders lie too deep", folder.place.uri);
  const std::string proxied = proxied_path(folder.place.uri);
  std::string token;
  do {
    std::string path =
        proxied.empty()
            ? fmt::format("{}artifacts/list?run_id={}&path={}", api2, folder.place.run_id,
                          http::percent_encode(folder.path))
            : fmt::format("/api/2.0/mlflow-artifacts/artifacts?path={}",
                          http::percent_encode(folder.path.empty() ? proxied : proxied + "/" + folder.path));
    if (!token.empty()) path += "&page_token=" + http::percent_encode(token);
    CICLO_TRY(const Json answer, client_.get(path));
    for (const Json& entry : member(answer, "files")) {
      std::string name = text_or(entry, "path");
      if (!proxied.empty() && !folder.path.empty()) name = folder.path + "/" + name;
      if (!stays_inside(name))
        return fail(ErrorCode::invalid, "the server named a file that would leave the folder", folder.place.uri);
      if (member(entry, "is_dir") == true) CICLO_CHECK(list_folder({folder.place, name, folder.depth + 1}, files));
      else files.push_back({name, static_cast<std::uint64_t>(integer_of(member(entry, "file_size")))});
    }
    token = text_or(answer, "next_page_token");
  } while (!token.empty());
  return {};
}

Result<std::vector<ArtifactFile>> RestSource::artifacts(const ArtifactPlace& place,
                                                        std::vector<std::string>& /*skipped*/) {
  std::vector<ArtifactFile> files;
  if (proxied_path(place.uri).empty() && place.run_id.empty())
    return fail(ErrorCode::unsupported, "its files cannot be reached by the server's API", place.uri);
  CICLO_CHECK(list_folder({place, "", 0}, files));
  return files;
}

Result<Bytes> RestSource::open(const ArtifactPlace& place, const ArtifactFile& file) {
  const std::string proxied = proxied_path(place.uri);
  if (proxied.empty()) {
    return client_.download(fmt::format("/get-artifact?run_id={}&path={}", http::percent_encode(place.run_id),
                                        http::percent_encode(file.path)));
  }
  return client_.download("/api/2.0/mlflow-artifacts/artifacts/" + encode_path(proxied + "/" + file.path));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

}  // namespace

std::string mlflow_authorization() {
  if (const std::string user = variable("MLFLOW_TRACKING_USERNAME"); !user.empty())
    return "Basic " + encode_base64(user + ":" + variable("MLFLOW_TRACKING_PASSWORD"));
  if (const std::string token = variable("MLFLOW_TRACKING_TOKEN"); !token.empty()) return "Bearer " + token;
  return {};
}

Result<std::unique_ptr<Source>> open_rest_source(const std::string& url, const std::string& authorization) {
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  auto source = std::make_unique<RestSource>(base, authorization);
  return source;
}

Result<std::unique_ptr<Source>> open_source(const SourceSettings& settings) {
  const std::string& from = settings.from;
  if (from.starts_with("http://") || from.starts_with("https://"))
    return open_rest_source(from, mlflow_authorization());
  if (from.starts_with("sqlite:///")) return open_sqlite_source(from.substr(10), settings);
  for (const std::string_view scheme : {"postgresql", "mysql", "mssql", "sqlite:"})
    if (from.starts_with(scheme)) {
      return fail(ErrorCode::unsupported, fmt::format("'{}' cannot be read", from.substr(0, from.find("//"))), "--from",
                  "start mlflow server on that database, and import from its address: --from http://…");
    }
  std::string path = from.starts_with("file://") ? from.substr(7) : from;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return open_file_source(path, settings);
  return open_sqlite_source(path, settings);
}

}  // namespace ciclo::portability
