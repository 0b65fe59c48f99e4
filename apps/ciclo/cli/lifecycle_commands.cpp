// Schedules and monitors, approvals, downloads of models and data, events and lineage.
#include <fmt/format.h>

#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/download.hpp"
#include "cli/resource_path.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "Its name."};
const Option version_option = {{"version", "v"}, Takes::one, "Its version."};

// POST <item>/<verb> with the comment, if there is one; prints the answer.
Run post_verb(const char* kind_name, const char* verb) {
  return [kind_name, verb](Context& context) -> Result<int> {
    const resources::Kind& kind = needed_kind(context, kind_name);
    CICLO_TRY(const std::string path, item_path(context, kind));
    Json body = Json::object();
    if (const auto comment = context.options.find("comment")) body["comment"] = *comment;
    CICLO_TRY(const Json answer, context.session.call(http::Method::post, path + "/" + verb, body));
    CICLO_CHECK(context.print(answer, kind.columns));
    return 0;
  };
}

Result<int> run_monitor_results(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "schedule")));
  CICLO_TRY(const Json answer, context.session.get(path + "/monitor-results"));
  CICLO_CHECK(context.print(answer.contains("value") ? answer["value"] : answer));
  return 0;
}

// Fetches the files that a model or data version consists of.
Run download_verb(const char* kind_name) {
  return [kind_name](Context& context) -> Result<int> {
    CICLO_TRY(const std::string path, item_path(context, needed_kind(context, kind_name)));
    CICLO_TRY(const Json item, context.session.get(path));
    const std::filesystem::path target = context.options.find("download-path").value_or(".");
    CICLO_TRY(const std::string workspace, context.session.workspace_path());
    // A model's files are found by its name, wherever they lie.
    const std::string reference =
        std::string_view(kind_name) == "model"
            ? fmt::format("mlflow-artifacts:/@models/{}/{}", text_or(item, "name"), text_or(item, "version"))
            : text_or(item, "path");
    CICLO_TRY(const std::string content, content_path(workspace, reference));
    CICLO_TRY(const auto folder, path_below(target, text_or(item, "name")));
    CICLO_TRY(const std::size_t files, download_tree(context.session, content, folder));
    std::cerr << fmt::format("{}: {} file{}\n", text_or(item, "name"), files, files == 1 ? "" : "s");
    return 0;
  };
}

Result<int> run_events(Context& context) {
  CICLO_TRY(std::string path, context.session.workspace_path());
  path += "/events?limit=" + http::percent_encode(context.options.find("max-results").value_or("100"));
  for (const char* filter : {"type", "subject", "after"})
    if (const auto value = context.options.find(filter))
      path += fmt::format("&{}={}", filter, http::percent_encode(*value));
  CICLO_TRY(const Json answer, context.session.get(path));
  CICLO_CHECK(context.print(member(answer, "value"),
                            {{"SEQUENCE", "sequence"}, {"TIME", "time"}, {"TYPE", "type"}, {"SUBJECT", "subject"}}));
  return 0;
}

Result<int> run_lineage(Context& context) {
  CICLO_TRY(std::string path, context.session.workspace_path());
  CICLO_TRY(std::string subject, context.options.needed("subject"));
  path += "/lineage?subject=" + http::percent_encode(subject);
  if (context.options.has("downstream")) path += "&direction=downstream";
  CICLO_TRY(const Json answer, context.session.get(path));
  CICLO_CHECK(context.print(member(answer, "value"), {{"FROM", "from"}, {"RELATION", "relation"}, {"TO", "to"}}));
  return 0;
}

}  // namespace

std::vector<Command> lifecycle_commands() {
  const Option comment = {{"comment", "m"}, Takes::one, "Why; kept with the decision."};
  const Option download_path = {{"download-path", "p"}, Takes::one, "The folder to put them in (default: here)."};
  return {
      {"schedule", "trigger", "Run a schedule or monitor now.", {name_option}, post_verb("schedule", "trigger")},
      {"schedule", "enable", "Let a schedule run.", {name_option}, post_verb("schedule", "enable")},
      {"schedule", "disable", "Stop a schedule from running.", {name_option}, post_verb("schedule", "disable")},
      {"schedule", "results", "Show what a monitor found.", {name_option}, run_monitor_results},
      {"approval", "approve", "Let a promotion go ahead.", {name_option, comment}, post_verb("approval", "approve")},
      {"approval", "reject", "Stop a promotion.", {name_option, comment}, post_verb("approval", "reject")},
      {"model",
       "download",
       "Fetch a model's files.",
       {name_option, version_option, download_path},
       download_verb("model")},
      {"data",
       "download",
       "Fetch a data asset's files.",
       {name_option, version_option, download_path},
       download_verb("data")},
      {"event",
       "list",
       "List what happened in a workspace.",
       {{{"type"}, Takes::one, "Only types that begin so, such as ciclo.job."},
        {{"subject"}, Takes::one, "Only about this resource, such as model/weather:1."},
        {{"after"}, Takes::one, "Only after this sequence number."},
        {{"max-results", "r"}, Takes::one, "At most so many (default 100)."}},
       run_events},
      {"lineage",
       "show",
       "Show what a resource was made from.",
       {{{"subject", "s"}, Takes::one, "The resource: <kind>/<name>[:<version>], such as model/weather:1."},
        {{"downstream"}, Takes::nothing, "What was made from it instead."}},
       run_lineage}};
}

}  // namespace ciclo::cli
