// Moving from MLflow and back: import mlflow, export mlflow.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>

#include "cli/command.hpp"
#include "portability/transfer.hpp"

namespace ciclo::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int done_with_differences = 5;

const Option experiment_option = {
    {"experiment"},
    Takes::several,
    "Only these experiments, by name or id, with their traces, and the model versions of their runs."};
const Option no_artifacts_option = {
    {"no-artifacts"}, Takes::nothing, "Leave the files of runs, models and traces where they are."};

// What was done so far, on standard error: on a terminal in one line, elsewhere every few seconds.
class Progress {
 public:
  void tell(const std::string& what) {
    const auto now = Clock::now();
    const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
    if (now - told_ < (is_terminal ? std::chrono::milliseconds(200) : std::chrono::seconds(5))) return;
    told_ = now;
    if (is_terminal) std::cerr << "\r\x1b[K" << what << std::flush;
    else std::cerr << what << std::endl;
    is_open_ = is_terminal;
  }
  void end() const {
    if (is_open_) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  Clock::time_point told_ = Clock::now();
  bool is_open_ = false;
};

std::string authorization_of(const Config& config) {
  return config.token.empty() ? "" : "Bearer " + config.token;
}

Result<int> move(Context& context, portability::Source& source, portability::Sink& sink) {
  portability::TransferSettings settings;
  const auto& chosen = context.options.all("experiment");
  settings.experiments = {chosen.begin(), chosen.end()};
  settings.dry_run = context.options.has("dry-run");
  settings.with_artifacts = !context.options.has("no-artifacts");
  Progress progress;
  settings.progress = [&](const std::string& what) { progress.tell(what); };
  const auto started = Clock::now();
  const auto report = portability::transfer(source, sink, settings);
  progress.end();
  if (!report) return Failure(report.error());
  if (context.options.has("output") || context.output.query) {
    CICLO_CHECK(context.print(portability::to_json(*report)));
  } else {
    std::cout << portability::render(*report, settings.dry_run);
    std::cerr << fmt::format("{:.1f} s\n", std::chrono::duration<double>(Clock::now() - started).count());
  }
  return report->differences.empty() ? 0 : done_with_differences;
}

Result<int> import_mlflow(Context& context) {
  CICLO_TRY(const std::string from, context.options.needed("from"));
  CICLO_TRY(const std::string workspace, context.session.workspace());
  CICLO_CHECK(context.session.call(
      http::Method::post, "/api/v1/workspaces/" + http::percent_encode(workspace) + "/import/known", Json::object()));
  CICLO_TRY(const auto source,
            portability::open_source({.from = from, .artifacts = context.options.text("artifacts")}));
  const Config& config = context.session.config();
  const auto sink = portability::open_ciclo_sink(
      {.server = config.server, .workspace = workspace, .authorization = authorization_of(config)});
  std::cerr << fmt::format("Importing {} into workspace {}\n", source->title(), workspace);
  return move(context, *source, *sink);
}

Result<int> export_mlflow(Context& context) {
  CICLO_TRY(const std::string to, context.options.needed("to"));
  CICLO_TRY(const std::string workspace, context.session.workspace());
  const Config& config = context.session.config();
  const std::string url = context.session.url("/workspaces/" + http::percent_encode(workspace));
  CICLO_TRY(const auto source, portability::open_rest_source(url, authorization_of(config)));
  if (to.starts_with("http://") || to.starts_with("https://")) {
    const auto sink = portability::open_rest_sink(to, portability::mlflow_authorization());
    return move(context, *source, *sink);
  }
  CICLO_TRY(const auto sink, portability::open_sqlite_sink(to));
  CICLO_TRY(const int code, move(context, *source, *sink));
  std::cerr << fmt::format(
      "mlflow server --backend-store-uri sqlite:///{0}/mlflow.db --artifacts-destination {0}/artifacts\n",
      std::filesystem::absolute(to).lexically_normal().string());
  return code;
}

}  // namespace

std::vector<Command> mlflow_commands() {
  return {
      {"import",
       "mlflow",
       "Bring experiments, runs, metrics, artifacts, models, traces, scorers, evaluation data sets and webhooks of an "
       "MLflow store here. May be repeated: what is here stays as it is, what is new comes. Exit code 5: done, and "
       "something differs or was not taken.",
       {{{"from"}, Takes::one, "sqlite:///file, a database file, an mlruns folder, or http://… of a server."},
        {{"artifacts"}, Takes::one, "The folder of mlflow server's --artifacts-destination."},
        experiment_option,
        {{"dry-run"}, Takes::nothing, "Only say what is there and what would come."},
        no_artifacts_option},
       import_mlflow},
      {"export",
       "mlflow",
       "Write all of a workspace as an MLflow store: a folder with a database and artifacts, or a running MLflow "
       "server. May be repeated.",
       {{{"to"}, Takes::one, "A folder, or http://… of an MLflow server."}, experiment_option, no_artifacts_option},
       export_mlflow}};
}

}  // namespace ciclo::cli
