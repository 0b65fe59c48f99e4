#include "outer_loop/endpoints/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "outer_loop/endpoints/keys.hpp"

namespace ciclo::outer_loop {
namespace {

namespace fs = std::filesystem;

constexpr mode_t private_file = 0600;
constexpr mode_t private_folder = 0700;
constexpr std::streamoff most_of_a_log = 64 << 10;
constexpr std::size_t piece = 1U << 20U;
constexpr std::size_t id_length = 24;

Failure cannot(std::string_view what, const fs::path& path) {
  return fail(ErrorCode::internal, fmt::format("cannot {}: {}", what, std::strerror(errno)), path.string(),
              "is the disk full or read-only?");
}

Result<void> write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write the file", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, private_file);
  if (file < 0) return cannot("write the file", path);
  auto done = write_all(file, bytes, path);
  if (done && ::fsync(file) != 0) done = cannot("write the file", path);
  ::close(file);
  return done;
}

Result<void> copy_blob(blobs::BlobStore& blobs, const std::string& key, const fs::path& to) {
  CICLO_CHECK(make_private_folder(to.parent_path()));
  CICLO_TRY(const auto reader, blobs.open(key));
  const int file = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, private_file);
  if (file < 0) return cannot("write the file", to);
  const auto copied = [&]() -> Result<void> {
    while (true) {
      CICLO_TRY(const std::string bytes, reader->read(piece));
      if (bytes.empty()) return {};
      CICLO_CHECK(write_all(file, bytes, to));
    }
  }();
  ::close(file);
  return copied;
}

struct Source {
  std::vector<std::string> blobs;
  std::size_t prefix = 0;  // characters of a key that are not part of the copy's path
  bool is_file = false;
  std::string id;  // changes with the content
};

Result<Source> find_source(blobs::BlobStore& blobs, const std::string& key) {
  Source source;
  std::vector<blobs::BlobInfo> found;
  if (auto file = blobs.stat(key)) {
    source.is_file = true;
    source.prefix = key.rfind('/') + 1;
    found.push_back(*std::move(file));
  } else {
    CICLO_TRY(found, blobs.walk(key));
    source.prefix = key.size() + 1;
  }
  if (found.empty()) return fail(ErrorCode::not_found, "the files are gone", key);
  std::string all;
  for (const auto& blob : found) {
    source.blobs.push_back(blob.key);
    all += fmt::format("{}\n{} {} {}\n", blob.key, blob.size, blob.modified_ms, blob.sha256);
  }
  source.id = sha256_hex(all).substr(0, id_length);
  return source;
}

}  // namespace

Result<void> make_private_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) CICLO_CHECK(make_private_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), private_folder) != 0 && errno != EEXIST) return cannot("make the folder", folder);
  return {};
}

Result<void> write_private_json(const fs::path& file, const Json& value) {
  const fs::path beside = file.string() + ".new";
  CICLO_CHECK(write_file(beside, to_pretty_text(value) + "\n"));
  if (::rename(beside.c_str(), file.c_str()) != 0) return cannot("write the file", file);
  return {};
}

Json read_json(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return parse_json(text).value_or(Json());
}

std::string last_lines(const fs::path& file, std::size_t lines) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - most_of_a_log));
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (size > most_of_a_log) text.erase(0, std::min(text.size(), text.find('\n') + 1));
  std::size_t from = text.size();
  for (std::size_t seen = 0; from > 0; --from)
    if (text[from - 1] == '\n' && from != text.size() && ++seen == lines) break;
  return text.substr(from);
}

Result<fs::path> copy_from_blobs(blobs::BlobStore& blobs, const std::string& key, const fs::path& parent) {
  CICLO_TRY(const Source source, find_source(blobs, key));
  const fs::path target = parent / source.id;
  const fs::path answer = source.is_file ? target / source.blobs.front().substr(source.prefix) : target;
  std::error_code error;
  if (fs::exists(target, error)) return answer;
  const fs::path partial = parent / (".partial-" + random_hex(8));
  auto copied = [&]() -> Result<void> {
    for (const std::string& blob : source.blobs)
      CICLO_CHECK(copy_blob(blobs, blob, partial / blob.substr(source.prefix)));
    if (::rename(partial.c_str(), target.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY)
      return cannot("keep the copy", target);
    return {};
  }();
  fs::remove_all(partial, error);
  if (!copied) return Failure(std::move(copied).error());
  return answer;
}

}  // namespace ciclo::outer_loop
