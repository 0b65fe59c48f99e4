#include "inner_loop/tracking/artifacts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t piece_bytes = 256U << 10U;
constexpr std::string_view scheme = "mlflow-artifacts:";

std::string_view content_type_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> types{
      {{".json", "application/json"},
       {".txt", "text/plain; charset=utf-8"},
       {".log", "text/plain; charset=utf-8"},
       {".csv", "text/csv; charset=utf-8"},
       {".md", "text/plain; charset=utf-8"},
       {".yaml", "text/plain; charset=utf-8"},
       {".yml", "text/plain; charset=utf-8"},
       {"MLmodel", "text/plain; charset=utf-8"},
       {".png", "image/png"},
       {".jpg", "image/jpeg"},
       {".pdf", "application/pdf"},
       {".zip", "application/zip"}}};
  for (const auto& [ending, type] : types)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

std::string without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
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
  std::string key = fmt::format("{}/mlflow", workspace);
  for (const std::string& part : {without_slashes(rest), without_slashes(path)})
    if (!part.empty()) key += "/" + part;
  if (auto checked = blobs::check_key(key); !checked) {
    return fail(ErrorCode::invalid, fmt::format("Invalid path: '{}'", path.empty() ? rest : path), "path",
                "a path is relative, without empty parts, '.' and '..'");
  }
  return key;
}

Result<Json> list_files(blobs::BlobStore& blobs, const std::string& key, std::string_view shown_prefix) {
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

Result<http::Response> send_blob(blobs::BlobStore& blobs, const std::string& key) {
  CICLO_TRY(auto opened, blobs.open(key));
  const std::shared_ptr<blobs::BlobReader> reader(std::move(opened));
  const std::string name = key.substr(key.rfind('/') + 1);
  http::Response response;
  response.headers.set("content-type", std::string(content_type_of(name)));
  response.headers.set("content-disposition",
                       fmt::format("attachment; filename*=UTF-8''{}", http::percent_encode(name)));
  response.stream = [reader] { return reader->read(piece_bytes); };
  response.stream_length = reader->size();
  return response;
}

Result<void> receive_blob(blobs::BlobStore& blobs, const std::string& key, http::BodyReader& body) {
  CICLO_TRY(const auto writer, blobs.create(key));
  for (;;) {
    CICLO_TRY(const auto piece, body.read(piece_bytes));
    if (piece.empty()) break;
    CICLO_CHECK(writer->append(piece));
  }
  CICLO_TRY(std::ignore, writer->commit());
  return {};
}

}  // namespace ciclo::tracking
