#include "inner_loop/tracking/artifacts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view scheme = "mlflow-artifacts:";

std::string without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

Failure bad_path(std::string_view path) {
  return fail(ErrorCode::invalid, fmt::format("Invalid path: '{}'", path), "path",
              "a path is relative, without empty parts, '.' and '..'");
}

}  // namespace

Result<std::string> artifact_key(std::string_view workspace, std::string_view artifact_uri, std::string_view path) {
  if (!artifact_uri.starts_with(scheme)) {
    return fail(ErrorCode::unsupported, fmt::format("the artifacts at '{}' do not lie on this server", artifact_uri),
                {}, "read them with a client that reaches that place");
  }
  std::string_view rest = artifact_uri.substr(scheme.size());
  if (rest.starts_with("//")) {  // mlflow-artifacts://host/path
    rest.remove_prefix(2);
    rest = rest.substr(std::min(rest.find('/'), rest.size()));
  }
  if (path.starts_with('/')) return bad_path(path);
  std::string key = fmt::format("{}/mlflow", workspace);
  for (const std::string& part : {without_slashes(rest), without_slashes(path)})
    if (!part.empty()) key += "/" + part;
  if (!blobs::check_key(key)) return bad_path(path.empty() ? rest : path);
  return key;
}

Result<std::string> writable_artifact_key(std::string_view workspace, std::string_view path) {
  if (path.empty()) return fail(ErrorCode::invalid, "Invalid path: it is empty", "path");
  if (path.starts_with('@')) return fail(ErrorCode::denied, "the files of registered models are read-only", "path");
  return artifact_key(workspace, artifact_root, path);
}

Result<std::string> proxied_path(std::string_view artifact_uri, std::string_view path) {
  static constexpr std::string_view workspace = "w";
  CICLO_TRY(const auto key, artifact_key(workspace, artifact_uri, path));
  return key.substr(std::min(workspace.size() + std::string_view("/mlflow/").size(), key.size()));
}

Result<Json> list_files(blobs::BlobStore& blobs, const std::string& key, std::string_view shown_prefix) {
  while (shown_prefix.ends_with('/')) shown_prefix.remove_suffix(1);
  CICLO_TRY(const auto entries, blobs.list(key));
  Json answer = Json::object();
  for (const blobs::Listed& entry : entries) {
    Json file{{"path", shown_prefix.empty() ? entry.name : fmt::format("{}/{}", shown_prefix, entry.name)},
              {"is_dir", entry.is_folder}};
    if (!entry.is_folder) file["file_size"] = entry.size;
    answer["files"].push_back(std::move(file));
  }
  return answer;
}

}  // namespace ciclo::tracking
