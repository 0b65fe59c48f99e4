#include "portability/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "portability/artifact_transfer.hpp"
#include "portability/evaluation_transfer.hpp"
#include "portability/trace_transfer.hpp"

namespace ciclo::portability {
namespace {

constexpr std::size_t points_per_call = 20'000;
constexpr std::size_t experiments_per_call = 100;

class Transfer {
 public:
  Transfer(Source& source, Sink& sink, const TransferSettings& settings)
      : source_(source),
        sink_(sink),
        settings_(settings),
        files_(source, sink, report_),
        traces_(source, sink, settings_, report_, files_),
        evaluation_(source, sink, settings_, report_, target_ids_) {}

  Result<Report> run();

 private:
  bool is_chosen(const Json& experiment) const {
    return settings_.experiments.empty() || settings_.experiments.contains(text_or(experiment, "name")) ||
           settings_.experiments.contains(text_or(experiment, "experiment_id"));
  }
  Result<std::vector<Json>> choose_experiments();
  Result<void> move_experiments(const std::vector<Json>& chosen);
  Result<void> look_at_experiments(const std::vector<Json>& chosen);
  Result<void> move_runs(const std::string& experiment_id);
  Result<void> take_runs(std::vector<Json> page, const std::string& experiment_id);
  Result<void> take_history(History history);
  Result<void> send_histories();
  Result<void> move_logged_models(const std::string& experiment_id);
  Result<void> move_registered_models();
  Result<void> move_versions(const Json& model);
  Result<std::string> new_source(const Json& version);
  bool is_wanted(const Json& version) const;

  Source& source_;
  Sink& sink_;
  const TransferSettings& settings_;
  Report report_;
  std::map<std::string, std::string> target_ids_;  // of experiments
  ArtifactTransfer files_;
  TraceTransfer traces_;
  EvaluationTransfer evaluation_;
  std::set<std::string> runs_;  // that came or were there; kept for a choice of experiments
  std::vector<History> waiting_;
  std::size_t waiting_points_ = 0;
};

Result<std::vector<Json>> Transfer::choose_experiments() {
  CICLO_TRY(auto all, source_.experiments());
  std::vector<Json> chosen;
  std::set<std::string> missing = settings_.experiments;
  std::vector<std::string> names;
  for (Json& experiment : all) {
    names.push_back(text_or(experiment, "name"));
    missing.erase(text_or(experiment, "name"));
    missing.erase(text_or(experiment, "experiment_id"));
    if (is_chosen(experiment)) chosen.push_back(std::move(experiment));
  }
  if (missing.empty()) return chosen;
  const auto near = nearest(*missing.begin(), names);
  return fail(ErrorCode::not_found, fmt::format("the source has no experiment '{}'", *missing.begin()), "--experiment",
              near ? fmt::format("the nearest is '{}'", *near) : "");
}

Result<void> Transfer::move_experiments(const std::vector<Json>& chosen) {
  for (std::size_t begin = 0; begin < chosen.size(); begin += experiments_per_call) {
    std::vector<Json> page;
    for (std::size_t i = begin; i < std::min(begin + experiments_per_call, chosen.size()); ++i) {
      Json item = chosen[i];
      if (!is_remote(text_or(item, "artifact_location"))) item["artifact_location"] = "";
      page.push_back(std::move(item));
    }
    CICLO_TRY(const auto outcomes, sink_.experiments(page));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const std::string from = text_or(page[i], "experiment_id");
      const std::string name = text_or(page[i], "name");
      if (outcomes[i].kind == Outcome::Kind::refused) {
        for (const std::string& why : outcomes[i].differences) report_.differ("experiment " + name, why);
        continue;
      }
      target_ids_[from] = outcomes[i].id;
      report_.experiments.push_back({.name = name, .from = from, .to = outcomes[i].id});
    }
    report_.count("experiments", "experiment", outcomes);
  }
  return {};
}

Result<void> Transfer::take_history(History history) {
  report_.line("metric points").found += history.size();
  waiting_points_ += history.size();
  waiting_.push_back(std::move(history));
  return waiting_points_ < points_per_call ? Result<void>() : send_histories();
}

Result<void> Transfer::send_histories() {
  if (waiting_.empty()) return {};
  CICLO_TRY(const Counts counts, sink_.metrics(waiting_));
  Line& line = report_.line("metric points");
  line.added += counts.added;
  line.present += counts.present;
  line.skipped += waiting_points_ - counts.added - counts.present;
  for (const std::string& difference : counts.differences) report_.differ("metrics", difference);
  waiting_.clear();
  waiting_points_ = 0;
  report_.tell(settings_);
  return {};
}

Result<void> Transfer::take_runs(std::vector<Json> page, const std::string& experiment_id) {
  const std::string& target = target_ids_.at(experiment_id);
  std::vector<Json> sent = page;
  for (Json& run : sent) run["info"]["experiment_id"] = target;
  for (Json& run : sent)
    if (run.contains("data")) run["data"].erase("metrics");
  CICLO_TRY(const auto outcomes, sink_.runs(sent));
  report_.count("runs", "run", outcomes);
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (outcomes[i].kind == Outcome::Kind::refused) continue;
    const Json& info = member(page[i], "info");
    const std::string run_id = text_or(info, "run_id");
    if (!settings_.experiments.empty()) runs_.insert(run_id);
    Line& params = report_.line("parameters");
    params.found += at_pointer(page[i], "/data/params").size();
    report_.line("tags").found += at_pointer(page[i], "/data/tags").size();
    CICLO_CHECK(source_.metrics(page[i], [&](History history) { return take_history(std::move(history)); }));
    const ArtifactPlace place{.uri = text_or(info, "artifact_uri"),
                              .experiment_id = experiment_id,
                              .folder = run_id + "/artifacts",
                              .run_id = run_id};
    files_.remember(place.uri, target + "/" + place.folder);
    if (settings_.with_artifacts && !is_remote(place.uri))
      CICLO_CHECK(files_.move(place, target + "/" + place.folder, "run " + run_id));
  }
  report_.tell(settings_);
  return {};
}

Result<void> Transfer::move_runs(const std::string& experiment_id) {
  CICLO_CHECK(
      source_.runs(experiment_id, [&](std::vector<Json> page) { return take_runs(std::move(page), experiment_id); }));
  return send_histories();
}

Result<void> Transfer::move_logged_models(const std::string& experiment_id) {
  const std::string& target = target_ids_.at(experiment_id);
  return source_.logged_models(experiment_id, [&](std::vector<Json> page) -> Result<void> {
    std::vector<Json> sent = page;
    for (Json& model : sent) model["info"]["experiment_id"] = target;
    CICLO_TRY(const auto outcomes, sink_.logged_models(sent));
    report_.count("logged models", "logged model", outcomes);
    for (std::size_t i = 0; i < page.size(); ++i) {
      const Json& info = member(page[i], "info");
      if (outcomes[i].kind == Outcome::Kind::refused) continue;
      const std::string id = text_or(info, "model_id");
      const ArtifactPlace place{.uri = text_or(info, "artifact_uri"),
                                .experiment_id = experiment_id,
                                .folder = "models/" + id + "/artifacts",
                                .run_id = {}};
      files_.remember(place.uri, target + "/" + place.folder);
      if (settings_.with_artifacts && !is_remote(place.uri))
        CICLO_CHECK(files_.move(place, target + "/" + place.folder, "logged model " + id));
    }
    return {};
  });
}

bool Transfer::is_wanted(const Json& version) const {
  return settings_.experiments.empty() || runs_.contains(text_or(version, "run_id"));
}

// Where the version's files are in the target. Those that belong to no run and no logged model get a folder of their
// own.
Result<std::string> Transfer::new_source(const Json& version) {
  const std::string source = text_or(version, "source");
  if (is_prompt(member(version, "tags")) || source.starts_with("models:/") || source.starts_with("runs:/"))
    return source;
  if (const auto moved = files_.moved(source)) return sink_.artifact_uri(*moved);
  ArtifactPlace place{.uri = source, .experiment_id = {}, .folder = {}, .run_id = {}};
  if (!source.starts_with("mlflow-artifacts:")) place.uri = source_.download_uri(version);
  if (place.uri == source && is_remote(source)) return source;
  const std::string folder =
      fmt::format("registered-models/{}/{}", text_or(version, "name"), text_or(version, "version"));
  if (settings_.with_artifacts) {
    CICLO_CHECK(files_.move(place, folder,
                            fmt::format("version {}:{}", text_or(version, "name"), text_or(version, "version"))));
  }
  return sink_.artifact_uri(folder);
}

Result<void> Transfer::move_versions(const Json& model) {
  CICLO_TRY(auto versions, source_.versions(text_or(model, "name")));
  std::erase_if(versions, [&](const Json& version) { return !is_wanted(version); });
  if (versions.empty() && !settings_.experiments.empty()) return {};
  CICLO_TRY(const auto made, sink_.registered_models({model}));
  report_.count("registered models", "registered model", made);
  if (made.front().kind == Outcome::Kind::refused) {
    report_.line("model versions").found += versions.size();
    report_.line("model versions").skipped += versions.size();
    return {};
  }
  for (Json& version : versions) {
    CICLO_TRY(version["source"], new_source(version));
    CICLO_TRY(const auto outcomes, sink_.versions({version}));
    report_.count("model versions", "version", outcomes);
  }
  return {};
}

Result<void> Transfer::move_registered_models() {
  CICLO_TRY(const auto models, source_.registered_models());
  for (const Json& model : models) CICLO_CHECK(move_versions(model));
  report_.tell(settings_);
  return {};
}

// A dry run: counts, and asks what is there.
Result<void> Transfer::look_at_experiments(const std::vector<Json>& chosen) {
  std::vector<std::string> names;
  for (const Json& experiment : chosen) names.push_back(text_or(experiment, "name"));
  Sink::Known known;
  for (std::size_t begin = 0; begin < names.size(); begin += experiments_per_call) {
    const auto end = std::min(begin + experiments_per_call, names.size());
    const auto at = [&](std::size_t i) { return names.begin() + static_cast<std::ptrdiff_t>(i); };
    CICLO_TRY(const auto page, sink_.known({at(begin), at(end)}, {}));
    known.experiments.insert(page.experiments.begin(), page.experiments.end());
  }
  std::vector<std::string> experiment_ids;
  for (const Json& experiment : chosen) {
    const std::string id = text_or(experiment, "experiment_id");
    const auto here = known.experiments.find(text_or(experiment, "name"));
    Line& line = report_.line("experiments");
    ++line.found;
    ++(here == known.experiments.end() ? line.added : line.present);
    report_.experiments.push_back(
        {.name = text_or(experiment, "name"), .from = id, .to = here == known.experiments.end() ? "" : here->second});
    CICLO_CHECK(source_.runs(id, [&](const std::vector<Json>& page) -> Result<void> {
      std::vector<std::string> ids;
      for (const Json& run : page) ids.push_back(text_or(member(run, "info"), "run_id"));
      CICLO_TRY(const auto there, sink_.known({}, ids));
      Line& runs = report_.line("runs");
      runs.found += page.size();
      runs.present += there.runs.size();
      runs.added += page.size() - there.runs.size();
      for (const Json& run : page) {
        report_.line("parameters").found += at_pointer(run, "/data/params").size();
        report_.line("tags").found += at_pointer(run, "/data/tags").size();
        CICLO_CHECK(source_.metrics(run, [&](const History& history) -> Result<void> {
          report_.line("metric points").found += history.size();
          return {};
        }));
      }
      report_.tell(settings_);
      return {};
    }));
    CICLO_CHECK(source_.logged_models(id, [&](const std::vector<Json>& page) -> Result<void> {
      report_.line("logged models").found += page.size();
      return {};
    }));
    CICLO_CHECK(traces_.look(id));
    CICLO_CHECK(evaluation_.look_at_scorers(id));
    experiment_ids.push_back(id);
  }
  CICLO_TRY(const auto models, source_.registered_models());
  report_.line("registered models").found = models.size();
  for (const Json& model : models) {
    CICLO_TRY(const auto versions, source_.versions(text_or(model, "name")));
    report_.line("model versions").found += versions.size();
  }
  return evaluation_.look_at_the_rest(experiment_ids);
}

Result<Report> Transfer::run() {
  for (const char* what : {"experiments", "runs", "parameters", "tags", "metric points"}) report_.line(what);
  CICLO_TRY(const auto chosen, choose_experiments());
  if (settings_.dry_run) {
    CICLO_CHECK(look_at_experiments(chosen));
  } else {
    CICLO_CHECK(move_experiments(chosen));
    for (const auto& mapping : std::vector(report_.experiments)) {
      CICLO_CHECK(move_runs(mapping.from));
      CICLO_CHECK(move_logged_models(mapping.from));
      CICLO_CHECK(traces_.move(mapping.from, mapping.to));
      CICLO_CHECK(evaluation_.move_scorers(mapping.from));
    }
    CICLO_CHECK(move_registered_models());
    CICLO_CHECK(evaluation_.move_datasets());
    CICLO_CHECK(evaluation_.move_webhooks());
    CICLO_CHECK(sink_.finish());
  }
  CICLO_TRY(report_.left_behind, source_.left_behind());
  return std::move(report_);
}

}  // namespace

bool is_remote(const std::string& uri) {
  const std::string scheme = to_lower(uri.substr(0, uri.find(':')));
  return uri.find(':') != std::string::npos && scheme != "file" && scheme != "mlflow-artifacts" && scheme.size() > 1;
}

bool is_prompt(const Json& tags) {
  return iequals(tag_of(tags, "mlflow.prompt.is_prompt"), "true");
}

std::string tag_of(const Json& tags, std::string_view key) {
  for (const Json& tag : tags)
    if (text_or(tag, "key") == key) return text_or(tag, "value");
  return {};
}

std::size_t size_of(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().size() + 4;
  std::size_t size = 8;
  if (value.is_object())
    for (const auto& [key, item] : value.items()) size += key.size() + 4 + size_of(item);
  else if (value.is_array())
    for (const Json& item : value) size += size_of(item);
  return size;
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const Json& item : list)
    if (item.is_string()) texts.push_back(item.get<std::string>());
    else if (item.is_number()) texts.push_back(to_text(item));
  return texts;
}

Result<Report> transfer(Source& source, Sink& sink, const TransferSettings& settings) {
  return Transfer(source, sink, settings).run();
}

}  // namespace ciclo::portability
