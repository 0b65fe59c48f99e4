// The artifacts of runs: files that were logged with them.
#include <fmt/format.h>

#include <iostream>
#include <map>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/download.hpp"
#include "cli/transfer.hpp"
#include "cli/upload.hpp"

namespace ciclo::cli {
namespace {

const Option run_option = {{"run", "r"}, Takes::one, "The run's id; not needed when --path is runs:/<run>/<path>."};
const Option path_option = {
    {"path"},
    Takes::one,
    "A file or folder among the run's artifacts, or runs:/<run>/<path>, or mlflow-artifacts:/<path>."};
const Option download_option = {{"download-path", "p"}, Takes::one, "The folder to put them in (default: here)."};

const std::vector<resources::Column> file_columns = {
    {"NAME", "name"}, {"FOLDER", "is_folder"}, {"SIZE", "size"}, {"SHA-256", "sha256"}};

// "runs:/<run>/<path>" or "mlflow-artifacts:/<path>", without a slash at the end.
Result<std::string> reference_of(const Context& context) {
  std::string path = context.options.text("path");
  while (path.ends_with('/')) path.pop_back();
  if (path.starts_with("mlflow-artifacts:/") || path.starts_with("runs:/")) return path;
  CICLO_TRY(const std::string run, context.options.needed("run"));
  while (path.starts_with('/')) path.erase(0, 1);
  return path.empty() ? "runs:/" + run : fmt::format("runs:/{}/{}", run, path);
}

Result<std::string> api_path(const Context& context, const std::string& reference) {
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  return content_path(workspace, reference);
}

// Name → SHA-256 of what is there already; nothing when it cannot be listed.
std::map<std::string, std::string> known_files(Context& context, const std::string& folder) {
  std::map<std::string, std::string> known;
  const auto listing = context.session.get(folder + "?recursive=true");
  if (!listing || member(*listing, "is_file") == true) return known;
  for (const Json& file : member(*listing, "value")) known[text_or(file, "name")] = text_or(file, "sha256");
  return known;
}

Result<int> upload_files(Context& context) {
  CICLO_TRY(const std::string given, context.options.needed("file"));
  const std::filesystem::path local(given);
  CICLO_TRY(const std::string reference, reference_of(context));
  CICLO_TRY(const std::string folder, api_path(context, reference));
  std::vector<LocalFile> files;
  std::error_code ignored;
  if (std::filesystem::is_directory(local, ignored)) {
    CICLO_TRY(files, describe_folder(local, Leave::nothing));
  } else {
    CICLO_TRY(auto file, describe_file(local, local.filename().string()));
    files.push_back(std::move(file));
  }
  const auto known = known_files(context, folder);
  Json done = Json::array();
  for (const LocalFile& file : files) {
    const auto found = known.find(file.name);
    const bool is_there = found != known.end() && found->second == file.sha256;
    if (!is_there)
      CICLO_CHECK(send_file(context.session, file,
                            {.path = folder + "/" + encode_path(file.name), .target = reference + "/" + file.name}));
    done.push_back({{"name", file.name},
                    {"size", file.size},
                    {"sha256", file.sha256},
                    {"state", is_there ? "unchanged" : "uploaded"}});
  }
  CICLO_CHECK(context.print(done, {{"NAME", "name"}, {"SIZE", "size"}, {"STATE", "state"}, {"SHA-256", "sha256"}}));
  return 0;
}

Result<int> download_files(Context& context) {
  CICLO_TRY(const std::string reference, reference_of(context));
  CICLO_TRY(const std::string path, api_path(context, reference));
  const std::filesystem::path target = context.options.find("download-path").value_or(".");
  CICLO_TRY(const std::size_t files, download_tree(context.session, path, target));
  std::cerr << fmt::format("{}: {} file{}\n", reference, files, files == 1 ? "" : "s");
  return 0;
}

Result<int> list_files(Context& context) {
  CICLO_TRY(const std::string reference, reference_of(context));
  CICLO_TRY(const std::string path, api_path(context, reference));
  const char* form = context.options.has("recursive") ? "?recursive=true" : "?list=true";
  return print_answer(context, context.session.get(path + form), file_columns);
}

Result<int> delete_files(Context& context) {
  CICLO_TRY(const std::string reference, reference_of(context));
  CICLO_TRY(const std::string path, api_path(context, reference));
  return print_answer(context, context.session.call(http::Method::del, path));
}

}  // namespace

std::vector<Command> artifact_commands() {
  return {{"artifact",
           "upload",
           "Store a file, or the files of a folder, with a run; goes on where it was when it is run again.",
           {run_option,
            {{"path"}, Takes::one, "The folder among the run's artifacts to put it in, or runs:/<run>/<folder>."},
            {{"file", "f"}, Takes::one, "The file or folder on this machine."}},
           upload_files},
          {"artifact",
           "download",
           "Fetch artifacts of a run; goes on where it was when it is run again.",
           {run_option, path_option, download_option},
           download_files},
          {"artifact",
           "list",
           "List artifacts of a run.",
           {run_option, path_option, {{"recursive"}, Takes::nothing, "The files of all folders below, too."}},
           list_files},
          {"artifact",
           "delete",
           "Delete an artifact of a run, or a folder of them.",
           {run_option, path_option, {{"yes", "y"}, Takes::nothing, "Accepted for scripts: nothing is asked."}},
           delete_files}};
}

}  // namespace ciclo::cli
