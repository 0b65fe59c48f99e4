#include "data_estate/blob_transfer.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "base/text.hpp"
#include "platform/http/content_fields.hpp"

namespace ciclo::data_estate {
namespace {

constexpr std::size_t sent_bytes = 256U << 10U;
constexpr std::size_t received_bytes = 512U << 10U;
// How often a blob may be replaced by another between opening it and making its lost checksum anew.
constexpr int max_turns = 3;

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

// The file's entry in a listing, with its checksum when that is known.
Json entry_of(blobs::BlobStore& blobs, const std::string& key, std::string name, std::uint64_t size) {
  Json entry{{"name", std::move(name)}, {"size", size}};
  if (auto sum = blobs.recorded_sha256(key)) entry["sha256"] = *std::move(sum);
  return entry;
}

struct Opened {
  std::unique_ptr<blobs::BlobReader> reader;
  std::string etag;  // in quotes; empty when the checksum is not known
};

// With its checksum, which is made anew when it was lost.
Result<Opened> open_with_etag(blobs::BlobStore& blobs, const std::string& key) {
  for (int turn = 0;; ++turn) {
    CICLO_TRY(auto reader, blobs.open(key));
    const std::string sum = reader->info().sha256;
    if (!sum.empty() || turn == max_turns)
      return Opened{std::move(reader), sum.empty() ? "" : fmt::format("\"{}\"", sum)};
    CICLO_CHECK(blobs.stat(key));
  }
}

// 412 or 304 when the request's conditions say so.
std::optional<http::Response> refused_by_condition(const http::Request& request, const std::string& etag) {
  if (const auto wanted = request.headers.find("if-match"); wanted && !http::names_etag(*wanted, etag, false))
    return http::Response::empty(412);
  if (const auto known = request.headers.find("if-none-match"); known && http::names_etag(*known, etag, true))
    return http::Response::empty(304);
  return std::nullopt;
}

http::RangeChoice range_of(const http::Request& request, const std::string& etag, std::uint64_t size) {
  const auto range = request.headers.find("range");
  if (!range || request.method != http::Method::get) return {};
  const auto only_if = request.headers.find("if-range");
  if (only_if && (etag.empty() || trim(*only_if) != etag)) return {};
  return http::choose_range(*range, size);
}

void add_file_headers(http::Response& response, const std::string& name) {
  response.headers.set("content-type", std::string(content_type_of(name)));
  response.headers.set("content-disposition",
                       fmt::format("attachment; filename*=UTF-8''{}", http::percent_encode(name)));
  // A second lock, for readers that show what they were told to save.
  response.headers.set("content-security-policy", "sandbox; default-src 'none'");
}

bool asks(const http::Request& request, std::string_view name) {
  return request.query.find(name).value_or("false") == "true";
}

}  // namespace

void describe_blob(http::Response& response, std::string_view sha256) {
  if (sha256.empty()) return;
  response.headers.set("etag", fmt::format("\"{}\"", sha256));
  response.headers.set("repr-digest", http::digest_field(sha256));
}

Result<http::Response> send_blob(blobs::BlobStore& blobs, const std::string& key, const http::Request& request) {
  CICLO_TRY(Opened opened, open_with_etag(blobs, key));
  const std::uint64_t size = opened.reader->info().size;
  const http::RangeChoice range = range_of(request, opened.etag, size);
  http::Response response;
  if (auto refused = refused_by_condition(request, opened.etag)) {
    response = *std::move(refused);
  } else if (range.kind == http::RangeChoice::Kind::unsatisfiable) {
    response = http::Response::empty(416);
    response.headers.set("content-range", http::content_range(range, size));
  } else {
    if (range.kind == http::RangeChoice::Kind::part) {
      CICLO_CHECK(opened.reader->narrow(range.first, range.length));
      response.status = 206;
      response.headers.set("content-range", http::content_range(range, size));
    }
    add_file_headers(response, last_segment(key));
    response.stream_length = opened.reader->size();
    const std::shared_ptr<blobs::BlobReader> reader(std::move(opened.reader));
    response.stream = [reader] { return reader->read(sent_bytes); };
  }
  response.headers.set("accept-ranges", "bytes");
  if (!opened.etag.empty()) describe_blob(response, std::string_view(opened.etag).substr(1, opened.etag.size() - 2));
  return response;
}

Result<blobs::BlobInfo> receive_blob(blobs::BlobStore& blobs, const std::string& key, const http::Request& request) {
  CICLO_TRY(auto announced, http::announced_sha256(request.headers));
  CICLO_TRY(const auto writer, blobs.create(key));
  for (;;) {
    CICLO_TRY(const auto piece, request.stream->read(received_bytes));
    if (piece.empty()) break;
    CICLO_CHECK(writer->append(piece));
  }
  return writer->commit(std::move(announced));
}

Result<http::Response> send_path(blobs::BlobStore& blobs, const std::string& key, const http::Request& request) {
  if (!asks(request, "recursive") && !asks(request, "list")) return send_blob(blobs, key, request);
  CICLO_TRY(const Json listing, asks(request, "recursive") ? list_tree(blobs, key) : list_folder(blobs, key));
  return http::Response::json(listing);
}

Result<void> remove_path(blobs::BlobStore& blobs, const std::string& key) {
  CICLO_CHECK(blobs.remove(key));
  return blobs.remove_tree(key);
}

Result<Json> list_folder(blobs::BlobStore& blobs, const std::string& key) {
  CICLO_TRY(const auto listed, blobs.list(key));
  Json value = Json::array();
  for (const auto& entry : listed) {
    Json shown = entry.is_folder ? Json{{"name", entry.name}, {"size", 0}}
                                 : entry_of(blobs, fmt::format("{}/{}", key, entry.name), entry.name, entry.size);
    shown["is_folder"] = entry.is_folder;
    value.push_back(std::move(shown));
  }
  return Json{{"value", std::move(value)}};
}

Result<Json> list_tree(blobs::BlobStore& blobs, const std::string& key) {
  Json value = Json::array();
  if (const auto file = blobs.stat(key)) {
    value.push_back({{"name", last_segment(key)}, {"size", file->size}, {"sha256", file->sha256}});
    return Json{{"value", std::move(value)}, {"is_file", true}};
  }
  CICLO_TRY(const auto found, blobs.walk(key));
  if (found.empty()) return fail(ErrorCode::not_found, fmt::format("there is nothing at '{}'", last_segment(key)));
  for (const auto& blob : found) value.push_back(entry_of(blobs, blob.key, blob.key.substr(key.size() + 1), blob.size));
  return Json{{"value", std::move(value)}};
}

}  // namespace ciclo::data_estate
