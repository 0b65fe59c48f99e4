// MLflow's folder of files ("mlruns"): meta.yaml beside folders of parameters, tags and metrics; what is deleted lies
// in .trash or says so; registered models lie in models/.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "portability/file_lines.hpp"
#include "portability/file_traces.hpp"
#include "portability/local_artifacts.hpp"
#include "portability/source.hpp"
#include "portability/store_folder.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t points_per_piece = 50'000;
constexpr std::size_t items_per_page = 200;
constexpr std::string_view trash = ".trash/";

// Numbers and texts alike, as text; "" for null.
std::string text_of(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : to_text(value);
}

std::int64_t number_of(const Json& object, std::string_view key) {
  return parse_int(text_of(object, key)).value_or(0);
}

class FileSource final : public Source {
 public:
  FileSource(std::filesystem::path root, const SourceSettings& settings)
      : folder_(root), local_(root.string(), settings.artifacts) {}

  std::string title() const override { return "the MLflow folder " + folder_.root().string(); }
  bool is_store() const;
  Result<std::vector<Json>> experiments() override;
  Result<void> runs(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> metrics(const Json& run, const TakeHistory& take) override;
  Result<void> logged_models(const std::string& experiment_id, const TakeItems& take) override;
  Result<void> traces(const std::string& experiment_id, const TakeItems& take) override {
    return read_file_traces(folder_, folder_of(experiment_id), experiment_id, take);
  }
  Result<std::vector<Json>> registered_models() override;
  Result<std::vector<Json>> versions(const std::string& model) override;
  Result<std::vector<ArtifactFile>> artifacts(const ArtifactPlace& place, std::vector<std::string>& skipped) override;
  Result<Bytes> open(const ArtifactPlace& place, const ArtifactFile& file) override {
    return local_.open(in_store(place), file);
  }

 private:
  std::vector<std::string> experiment_folders() const;
  std::string folder_of(const std::string& experiment_id) const;
  Result<Json> run_of(const std::string& experiment_id, const std::string& run_id) const;
  Result<void> add_inputs(Json& run, const std::string& experiment, const std::string& home) const;
  Result<Json> logged_model_of(const std::string& experiment_id, const std::string& home) const;
  Result<void> add_model_metrics(Json& model, const std::string& home) const;
  // Deleted experiments lie in .trash with all that is theirs.
  ArtifactPlace in_store(ArtifactPlace place) const {
    if (place.experiment_id.empty()) return place;
    place.experiment_id = folder_of(place.experiment_id);
    return place;
  }

  StoreFolder folder_;
  LocalArtifacts local_;
};

bool FileSource::is_store() const {
  return std::ranges::any_of(experiment_folders(),
                             [&](const std::string& home) { return folder_.has(home + "/meta.yaml"); }) ||
         !folder_.folders("models").empty();
}

std::vector<std::string> FileSource::experiment_folders() const {
  std::vector<std::string> homes;
  for (const std::string& name : folder_.folders(""))
    if (parse_int(name)) homes.push_back(name);
  for (const std::string& name : folder_.folders(".trash"))
    if (parse_int(name)) homes.push_back(std::string(trash) + name);
  return homes;
}

std::string FileSource::folder_of(const std::string& experiment_id) const {
  return folder_.has(experiment_id + "/meta.yaml") ? experiment_id : std::string(trash) + experiment_id;
}

Result<std::vector<Json>> FileSource::experiments() {
  std::vector<Json> items;
  for (const std::string& home : experiment_folders()) {
    if (!folder_.has(home + "/meta.yaml")) continue;
    CICLO_TRY(const Json meta, folder_.yaml(home + "/meta.yaml"));
    const bool is_deleted = home.starts_with(trash);
    const std::string id = is_deleted ? home.substr(trash.size()) : home;
    Json item{{"experiment_id", id},
              {"name", text_of(meta, "name")},
              {"artifact_location", text_of(meta, "artifact_location")},
              {"lifecycle_stage", is_deleted ? "deleted" : "active"},
              {"creation_time", number_of(meta, "creation_time")},
              {"last_update_time", number_of(meta, "last_update_time")}};
    CICLO_TRY(item["tags"], folder_.pairs(home + "/tags"));
    items.push_back(std::move(item));
  }
  std::ranges::sort(items, {}, [](const Json& item) { return number_of(item, "experiment_id"); });
  return items;
}

Result<void> FileSource::add_inputs(Json& run, const std::string& experiment, const std::string& home) const {
  for (const std::string& name : folder_.folders(home + "/inputs")) {
    CICLO_TRY(const Json meta, folder_.yaml(fmt::format("{}/inputs/{}/meta.yaml", home, name)));
    const std::string source = text_of(meta, "source_id");
    if (text_of(meta, "source_type") != "DATASET") {
      run["inputs"]["model_inputs"].push_back({{"model_id", source}});
      continue;
    }
    if (!stays_inside(source)) return fail(ErrorCode::invalid, "the input names no data set", home + "/inputs/" + name);
    CICLO_TRY(const Json set, folder_.yaml(fmt::format("{}/datasets/{}/meta.yaml", experiment, source)));
    Json input{{"dataset", Json::object()}, {"tags", Json::array()}};
    for (const char* key : {"name", "digest", "source_type", "source", "schema", "profile"})
      if (!member(set, key).is_null()) input["dataset"][key] = text_of(set, key);
    if (member(meta, "tags").is_object())
      for (const auto& [key, value] : meta["tags"].items())
        input["tags"].push_back({{"key", key}, {"value", text_of(meta["tags"], key)}});
    run["inputs"]["dataset_inputs"].push_back(std::move(input));
  }
  for (const std::string& name : folder_.folders(home + "/outputs")) {
    CICLO_TRY(const Json meta, folder_.yaml(fmt::format("{}/outputs/{}/meta.yaml", home, name)));
    run["outputs"]["model_outputs"].push_back(
        {{"model_id", text_of(meta, "source_id")}, {"step", number_of(meta, "step")}});
  }
  return {};
}

Result<Json> FileSource::run_of(const std::string& experiment_id, const std::string& run_id) const {
  constexpr std::array statuses = {"RUNNING", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
  const std::string experiment = folder_of(experiment_id);
  const std::string home = experiment + "/" + run_id;
  CICLO_TRY(const Json meta, folder_.yaml(home + "/meta.yaml"));
  std::string status = text_of(meta, "status");
  if (const auto number = parse_int(status))
    status = statuses.at(static_cast<std::size_t>(std::clamp<std::int64_t>(*number, 0, 5)));
  const std::string stage = text_of(meta, "lifecycle_stage");
  Json info{{"run_id", run_id},
            {"experiment_id", experiment_id},
            {"run_name", text_of(meta, "run_name")},
            {"user_id", text_of(meta, "user_id")},
            {"status", status.empty() ? "RUNNING" : status},
            {"start_time", number_of(meta, "start_time")},
            {"lifecycle_stage", stage == "deleted" ? "deleted" : "active"},
            {"artifact_uri", text_of(meta, "artifact_uri")}};
  if (!member(meta, "end_time").is_null()) info["end_time"] = number_of(meta, "end_time");
  if (!member(meta, "deleted_time").is_null()) info["deleted_time"] = number_of(meta, "deleted_time");
  Json run{{"info", std::move(info)}};
  CICLO_TRY(run["data"]["params"], folder_.pairs(home + "/params"));
  CICLO_TRY(run["data"]["tags"], folder_.pairs(home + "/tags"));
  CICLO_CHECK(add_inputs(run, experiment, home));
  return run;
}

Result<void> FileSource::runs(const std::string& experiment_id, const TakeItems& take) {
  const std::string experiment = folder_of(experiment_id);
  std::vector<Json> page;
  for (const std::string& name : folder_.folders(experiment)) {
    if (!folder_.has(fmt::format("{}/{}/meta.yaml", experiment, name))) continue;
    CICLO_TRY(auto run, run_of(experiment_id, name));
    page.push_back(std::move(run));
    if (page.size() < items_per_page) continue;
    CICLO_CHECK(take(std::move(page)));
    page.clear();
  }
  return page.empty() ? Result<void>() : take(std::move(page));
}

// Hands on the lines of one metric's file.
Result<void> read_metric(const StoreFolder& folder, const std::string& file, MetricOf owner,
                         const std::function<Result<void>(const MetricLine&)>& take) {
  std::size_t number = 0;
  LineSplitter lines([&](std::string_view line) -> Result<void> {
    ++number;
    if (trim(line).empty()) return {};
    auto parsed = parse_metric_line(line, owner);
    if (!parsed) {
      parsed.error().target = fmt::format("{}:{}", file, number);
      return Failure(std::move(parsed).error());
    }
    return take(*parsed);
  });
  CICLO_TRY(const Bytes bytes, folder.open(file));
  for (;;) {
    CICLO_TRY(const std::string piece, bytes());
    if (piece.empty()) return lines.end();
    CICLO_CHECK(lines.add(piece));
  }
}

Result<void> FileSource::metrics(const Json& run, const TakeHistory& take) {
  const Json& info = member(run, "info");
  const std::string run_id = text_or(info, "run_id");
  const std::string home = folder_of(text_or(info, "experiment_id")) + "/" + run_id + "/metrics";
  for (const std::string& key : folder_.files(home)) {
    History history{.run_id = run_id, .key = key, .steps = {}, .timestamps = {}, .values = {}};
    const auto hand_on = [&]() -> Result<void> {
      History full{.run_id = run_id, .key = key, .steps = {}, .timestamps = {}, .values = {}};
      std::swap(full, history);
      return full.size() == 0 ? Result<void>() : take(std::move(full));
    };
    CICLO_CHECK(read_metric(folder_, home + "/" + key, MetricOf::run, [&](const MetricLine& line) -> Result<void> {
      history.add(line.step, line.timestamp, line.value);
      return history.size() < points_per_piece ? Result<void>() : hand_on();
    }));
    CICLO_CHECK(hand_on());
  }
  return {};
}

Result<void> FileSource::add_model_metrics(Json& model, const std::string& home) const {
  const Json& info = member(model, "info");
  Json list = Json::array();
  for (const std::string& key : folder_.files(home + "/metrics")) {
    CICLO_CHECK(read_metric(folder_, home + "/metrics/" + key, MetricOf::logged_model,
                            [&](const MetricLine& line) -> Result<void> {
                              list.push_back({{"key", key},
                                              {"value", std::isnan(line.value) ? Json("NaN") : Json(line.value)},
                                              {"timestamp", line.timestamp},
                                              {"step", line.step},
                                              {"run_id", line.run_id},
                                              {"dataset_name", line.dataset_name},
                                              {"dataset_digest", line.dataset_digest},
                                              {"model_id", text_or(info, "model_id")}});
                              return {};
                            }));
  }
  model["data"]["metrics"] = std::move(list);
  return {};
}

Result<Json> FileSource::logged_model_of(const std::string& experiment_id, const std::string& home) const {
  constexpr std::array statuses = {"LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                   "LOGGED_MODEL_UPLOAD_FAILED"};
  CICLO_TRY(const Json meta, folder_.yaml(home + "/meta.yaml"));
  std::string status = text_of(meta, "status");
  if (const auto number = parse_int(status))
    status = statuses.at(static_cast<std::size_t>(std::clamp<std::int64_t>(*number, 0, 3)));
  else if (!status.starts_with("LOGGED_MODEL_"))
    status = status == "READY" ? statuses[2] : status == "FAILED" ? statuses[3] : statuses[1];
  Json info{{"model_id", text_of(meta, "model_id")},
            {"experiment_id", experiment_id},
            {"name", text_of(meta, "name")},
            {"artifact_uri", text_of(meta, "artifact_location")},
            {"creation_timestamp_ms", number_of(meta, "creation_timestamp")},
            {"last_updated_timestamp_ms", number_of(meta, "last_updated_timestamp")},
            {"status", status},
            {"lifecycle_stage", text_of(meta, "lifecycle_stage") == "deleted" ? "deleted" : "active"},
            {"model_type", text_of(meta, "model_type")},
            {"source_run_id", text_of(meta, "source_run_id")},
            {"status_message", text_of(meta, "status_message")}};
  CICLO_TRY(info["tags"], folder_.pairs(home + "/tags"));
  Json model{{"info", std::move(info)}};
  CICLO_TRY(model["data"]["params"], folder_.pairs(home + "/params"));
  CICLO_CHECK(add_model_metrics(model, home));
  return model;
}

Result<void> FileSource::logged_models(const std::string& experiment_id, const TakeItems& take) {
  const std::string home = folder_of(experiment_id) + "/models";
  std::vector<Json> page;
  for (const std::string& name : folder_.folders(home)) {
    if (!folder_.has(fmt::format("{}/{}/meta.yaml", home, name))) continue;
    CICLO_TRY(auto model, logged_model_of(experiment_id, home + "/" + name));
    page.push_back(std::move(model));
    if (page.size() < items_per_page) continue;
    CICLO_CHECK(take(std::move(page)));
    page.clear();
  }
  return page.empty() ? Result<void>() : take(std::move(page));
}

Result<std::vector<Json>> FileSource::registered_models() {
  std::vector<Json> items;
  for (const std::string& name : folder_.folders("models")) {
    const std::string home = "models/" + name;
    if (!folder_.has(home + "/meta.yaml")) continue;
    CICLO_TRY(const Json meta, folder_.yaml(home + "/meta.yaml"));
    Json item{{"name", text_of(meta, "name")},
              {"creation_timestamp", number_of(meta, "creation_timestamp")},
              {"last_updated_timestamp", number_of(meta, "last_updated_timestamp")},
              {"description", text_of(meta, "description")}};
    CICLO_TRY(item["tags"], folder_.pairs(home + "/tags"));
    items.push_back(std::move(item));
  }
  std::ranges::stable_sort(items, {}, [](const Json& item) { return number_of(item, "creation_timestamp"); });
  return items;
}

Result<std::vector<Json>> FileSource::versions(const std::string& model) {
  const std::string home = "models/" + model;
  std::map<std::string, std::vector<std::string>> aliases;
  for (const std::string& alias : folder_.files(home + "/aliases")) {
    CICLO_TRY(const std::string version, folder_.text(home + "/aliases/" + alias));
    aliases[std::string(trim(version))].push_back(alias);
  }
  std::vector<Json> items;
  for (const std::string& name : folder_.folders(home)) {
    if (!name.starts_with("version-") || !folder_.has(fmt::format("{}/{}/meta.yaml", home, name))) continue;
    CICLO_TRY(const Json meta, folder_.yaml(fmt::format("{}/{}/meta.yaml", home, name)));
    const std::string number = name.substr(8);
    if (text_of(meta, "current_stage") == "Deleted_Internal") continue;
    Json item{{"name", model}, {"version", number}, {"aliases", aliases[number]}};
    for (const char* key : {"description", "user_id", "current_stage", "source", "run_id", "run_link"})
      item[key] = text_of(meta, key);
    item["creation_timestamp"] = number_of(meta, "creation_timestamp");
    item["last_updated_timestamp"] = number_of(meta, "last_updated_timestamp");
    CICLO_TRY(item["tags"], folder_.pairs(fmt::format("{}/{}/tags", home, name)));
    items.push_back(std::move(item));
  }
  std::ranges::sort(items, {}, [](const Json& item) { return number_of(item, "version"); });
  return items;
}

Result<std::vector<ArtifactFile>> FileSource::artifacts(const ArtifactPlace& place, std::vector<std::string>& skipped) {
  return local_.list(in_store(place), skipped);
}

}  // namespace

Result<std::unique_ptr<Source>> open_file_source(const std::string& folder, const SourceSettings& settings) {
  std::error_code error;
  auto source = std::make_unique<FileSource>(std::filesystem::canonical(folder, error), settings);
  if (error || !source->is_store()) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no folder of an MLflow store", folder), "--from",
                "give the folder that holds <experiment id>/meta.yaml, usually named mlruns");
  }
  return source;
}

}  // namespace ciclo::portability
