#include "data_estate/blob_transfer.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>

namespace ciclo::data_estate {
namespace {

constexpr std::size_t piece_bytes = 256U << 10U;

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

std::string last_segment(const std::string& key) {
  return key.substr(key.rfind('/') + 1);
}

}  // namespace

Result<http::Response> send_blob(blobs::BlobStore& blobs, const std::string& key) {
  CICLO_TRY(auto opened, blobs.open(key));
  const std::shared_ptr<blobs::BlobReader> reader(std::move(opened));
  const std::string name = last_segment(key);
  http::Response response;
  response.headers.set("content-type", std::string(content_type_of(name)));
  response.headers.set("content-disposition",
                       fmt::format("attachment; filename*=UTF-8''{}", http::percent_encode(name)));
  // A second lock, for readers that show what they were told to save.
  response.headers.set("content-security-policy", "sandbox; default-src 'none'");
  response.stream = [reader] { return reader->read(piece_bytes); };
  response.stream_length = reader->size();
  return response;
}

Result<blobs::BlobInfo> receive_blob(blobs::BlobStore& blobs, const std::string& key, http::BodyReader& body,
                                     std::optional<std::string> expected_sha256) {
  CICLO_TRY(const auto writer, blobs.create(key));
  for (;;) {
    CICLO_TRY(const auto piece, body.read(piece_bytes));
    if (piece.empty()) break;
    CICLO_CHECK(writer->append(piece));
  }
  return writer->commit(std::move(expected_sha256));
}

Result<Json> list_folder(blobs::BlobStore& blobs, const std::string& key) {
  CICLO_TRY(const auto listed, blobs.list(key));
  Json value = Json::array();
  for (const auto& entry : listed)
    value.push_back({{"name", entry.name}, {"is_folder", entry.is_folder}, {"size", entry.size}});
  return Json{{"value", std::move(value)}};
}

Result<Json> list_tree(blobs::BlobStore& blobs, const std::string& key) {
  Json value = Json::array();
  if (const auto file = blobs.stat(key)) {
    value.push_back({{"name", last_segment(key)}, {"size", file->size}});
    return Json{{"value", std::move(value)}};
  }
  CICLO_TRY(const auto found, blobs.walk(key));
  if (found.empty()) return fail(ErrorCode::not_found, fmt::format("there is nothing at '{}'", last_segment(key)));
  for (const auto& blob : found) value.push_back({{"name", blob.key.substr(key.size() + 1)}, {"size", blob.size}});
  return Json{{"value", std::move(value)}};
}

}  // namespace ciclo::data_estate
