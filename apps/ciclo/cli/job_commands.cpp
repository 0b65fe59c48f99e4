// What jobs can do beyond create, show and list.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/download.hpp"
#include "cli/resource_path.hpp"
#include "cli/wait.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The job's name."};

Result<int> run_stream(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "job")));
  CICLO_TRY(const Json job, context.session.get(path));
  return stream_job(context, job);
}

Result<int> run_cancel(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "job")));
  CICLO_TRY(const Json job, context.session.call(http::Method::post, path + "/cancel"));
  CICLO_CHECK(context.print(job, needed_kind(context, "job").columns));
  return 0;
}

Result<int> run_delete_logs(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "job")));
  return print_answer(context, context.session.call(http::Method::del, path + "/logs"));
}

// The names of the outputs to fetch: the one asked for, all of them, or every output the job has.
std::vector<std::string> wanted_outputs(const Context& context, const Json& job) {
  if (const auto name = context.options.find("output-name")) return {*name};
  std::vector<std::string> names;
  for (const auto& [name, value] : member(job, "outputs").items()) names.push_back(name);
  return names;
}

Result<int> run_download(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "job")));
  CICLO_TRY(const Json job, context.session.get(path));
  const std::filesystem::path target = context.options.find("download-path").value_or(".");
  for (const std::string& output : wanted_outputs(context, job)) {
    const std::string from = fmt::format("{}/outputs/{}/paths", path, http::percent_encode(output));
    CICLO_TRY(const auto folder, path_below(target / "named-outputs", output));
    CICLO_TRY(const std::size_t files, download_tree(context.session, from, folder));
    std::cerr << fmt::format("{}: {} file{}\n", output, files, files == 1 ? "" : "s");
  }
  if (context.options.has("all") || !context.options.has("output-name")) {
    CICLO_TRY(const Json logs, context.session.get(path + "/logs"));
    for (const Json& log : member(logs, "value")) {
      const std::string name = text_or(log, "name");
      CICLO_TRY(const auto file, path_below(target / "artifacts", name));
      CICLO_CHECK(download_file(context.session, fmt::format("{}/logs/{}", path, encode_path(name)), file));
    }
  }
  return 0;
}

}  // namespace

std::vector<Command> job_commands() {
  return {
      {"job", "stream", "Follow a job's output until it ends; fails when the job fails.", {name_option}, run_stream},
      {"job", "delete-logs", "Delete what a job that has ended wrote to its logs.", {name_option}, run_delete_logs},
      {"job",
       "cancel",
       "Stop a job.",
       {name_option, {{"no-wait"}, Takes::nothing, "Accepted for az scripts."}},
       run_cancel},
      {"job",
       "download",
       "Fetch a job's outputs and logs.",
       {name_option,
        {{"output-name"}, Takes::one, "This output alone."},
        {{"download-path", "p"}, Takes::one, "The folder to put them in (default: here)."},
        {{"all"}, Takes::nothing, "All outputs and logs."}},
       run_download}};
}

}  // namespace ciclo::cli
