#include "platform/blobs/folder_uploads.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "platform/blobs/checksum.hpp"
#include "platform/blobs/upload_parts.hpp"
#include "platform/blobs/upload_tail.hpp"

namespace ciclo::blobs {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t id_digits = 32;
constexpr std::size_t longest_about = 16'384;
constexpr std::chrono::hours look_every{1};
constexpr const char* about_name = "about";
constexpr const char* done_name = "done";
constexpr const char* placed_name = "placed";

Failure no_such_upload() {
  return fail(ErrorCode::not_found, "there is no such upload", "upload",
              "it was abandoned, or nothing happened in it for too long: begin it again");
}

bool is_id(std::string_view id) {
  return id.size() == id_digits &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::string> read_text(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::unexpected<Error>(file_error(errno, "read", path.native()));
  return read_some(file.get(), longest_about, path.native());
}

std::string about_text(const NewUpload& request) {
  Json about{{"key", request.key}, {"owner", request.owner}, {"sha256", request.sha256}};
  if (request.size) about["size"] = *request.size;
  if (request.parts) about["parts"] = *request.parts;
  return to_text(about);
}

// The last change of the upload's folder.
Result<std::int64_t> changed_ms(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return no_such_upload();
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

std::int64_t now_ms() {
  return to_unix_ms(SystemClock().now());
}

// What `placed` or `done` says, when the blob has got its key.
void read_done(const fs::path& folder, UploadInfo& info) {
  std::error_code ignored;
  // Parts are removed once the blob is placed; where there are none, only `placed` tells.
  const auto is_unfinished = [&] {
    return fs::exists(folder / UploadTail::data_name, ignored) || !parts_in(folder).empty() || info.parts == 0U;
  };
  auto text = read_text(folder / placed_name);
  if (!text && !is_unfinished()) text = read_text(folder / done_name);
  if (!text) return;
  const std::size_t blank = text->find(' ');
  if (blank == std::string::npos || !is_sha256(text->substr(0, blank))) return;
  info.is_complete = true;
  info.sha256 = text->substr(0, blank);
  info.size = std::strtoull(text->c_str() + blank, nullptr, 10);
  info.offset = *info.size;
}

Result<void> remove_parts(const fs::path& folder) {
  for (const Part& part : parts_in(folder)) ::unlink((folder / file_name_of(part)).c_str());
  return sync_folder(folder);
}

Failure differs(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("the bytes that arrived do not have the {} that was announced", what),
              "upload", "send them again, from the start");
}

}  // namespace

class FolderUploads::Turn {
 public:
  Turn(FolderUploads& uploads, std::string id) : uploads_(&uploads), id_(std::move(id)) {}
  Turn(Turn&& other) noexcept : uploads_(std::exchange(other.uploads_, nullptr)), id_(std::move(other.id_)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (uploads_ == nullptr) return;
    const std::lock_guard lock(uploads_->mutex_);
    int& users = uploads_->in_use_[id_];
    users = users > 0 ? users - 1 : 0;
    if (users == 0) uploads_->in_use_.erase(id_);
  }

 private:
  FolderUploads* uploads_;
  std::string id_;
};

FolderUploads::FolderUploads(std::shared_ptr<FolderLayout> layout) : layout_(std::move(layout)) {
  forget_sometimes();
}

Result<FolderUploads::Turn> FolderUploads::take_turn(const std::string& id, Use use) {
  const std::lock_guard lock(mutex_);
  int& users = in_use_[id];
  if (users < 0 || (use == Use::alone && users > 0))
    return fail(ErrorCode::conflict, "another request is writing to this upload", "upload",
                "wait until it has ended, then ask where the upload stands");
  users = use == Use::alone ? -1 : users + 1;
  return Turn(*this, id);
}

Result<fs::path> FolderUploads::folder_of(const std::string& id) const {
  if (!is_id(id)) return no_such_upload();
  return layout_->uploads() / id;
}

void FolderUploads::forget_sometimes() {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return;
    next_look_ = now + look_every;
  }
  forget_abandoned();
}

void FolderUploads::forget_abandoned() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(layout_->uploads(), ignored)) {
    const auto changed = changed_ms(entry.path());
    if (!changed || *changed + Milliseconds(upload_lifetime).count() > now_ms()) continue;
    static_cast<void>(abandon(entry.path().filename().native()));
  }
}

Result<UploadInfo> FolderUploads::find(const std::string& id) {
  CICLO_TRY(const fs::path folder, folder_of(id));
  const auto text = read_text(folder / about_name);
  if (!text) return no_such_upload();
  CICLO_TRY(const Json about, parse_json(*text));
  UploadInfo info{.id = id,
                  .key = text_or(about, "key"),
                  .owner = text_or(about, "owner"),
                  .size = std::nullopt,
                  .sha256 = text_or(about, "sha256"),
                  .parts = std::nullopt};
  if (const Json& size = member(about, "size"); size.is_number()) info.size = size.get<std::uint64_t>();
  if (const Json& parts = member(about, "parts"); parts.is_number()) info.parts = parts.get<std::size_t>();
  CICLO_TRY(const auto changed, changed_ms(folder));
  info.expires_at_ms = changed + Milliseconds(upload_lifetime).count();
  if (info.expires_at_ms <= now_ms()) return no_such_upload();
  if (!info.parts) {
    CICLO_TRY(info.offset, UploadTail::offset_of(folder));
  }
  read_done(folder, info);
  return info;
}

Result<UploadInfo> FolderUploads::begin(const NewUpload& request) {
  CICLO_CHECK(check_key(request.key));
  forget_sometimes();
  if (!request.id.empty()) {
    if (auto found = find(request.id)) {
      if (found->key != request.key || found->owner != request.owner)
        return fail(ErrorCode::conflict, "an upload of this id is for another file", "id");
      // Complete, but the blob was removed or replaced since: then it begins anew.
      if (!found->is_complete || layout_->checksum(found->key) == found->sha256) return found;
      CICLO_CHECK(abandon(request.id));
    } else if (found.error().code != ErrorCode::not_found) {
      CICLO_CHECK(abandon(request.id));  // damaged
    }
  }
  return make(request);
}

Result<UploadInfo> FolderUploads::make(const NewUpload& request) {
  const std::string id = request.id.empty() ? random_hex(id_digits / 2) : request.id;
  CICLO_TRY(const fs::path folder, folder_of(id));
  const fs::path being_made = layout_->new_temporary_path();
  if (::mkdir(being_made.c_str(), 0700) != 0)
    return std::unexpected<Error>(file_error(errno, "make the folder", being_made.native()));
  CICLO_CHECK(write_durably(being_made / about_name, about_text(request)));
  if (::rename(being_made.c_str(), folder.c_str()) != 0) {
    const int reason = errno;
    std::error_code ignored;
    fs::remove_all(being_made, ignored);
    // Somebody else began the same one meanwhile.
    if (reason != EEXIST && reason != ENOTEMPTY)
      return std::unexpected<Error>(file_error(reason, "make the folder", folder.native()));
  }
  CICLO_CHECK(sync_folder(layout_->uploads()));
  return find(id);
}

Result<UploadInfo> FolderUploads::append(const std::string& id, std::uint64_t offset, const PieceSource& source) {
  CICLO_TRY(const Turn turn, take_turn(id, Use::alone));
  CICLO_TRY(const UploadInfo upload, find(id));
  if (upload.parts) return fail(ErrorCode::invalid, "this upload comes in parts", "upload");
  if (upload.is_complete || offset != upload.offset)
    return fail(ErrorCode::conflict, fmt::format("the upload stands at {}, not at {}", upload.offset, offset),
                "upload-offset", "ask where it stands, and go on from there");
  CICLO_TRY(const fs::path folder, folder_of(id));
  CICLO_TRY(UploadTail tail, UploadTail::open(folder));
  const auto take = [&]() -> Result<void> {
    while (true) {
      CICLO_TRY(const std::string bytes, source());
      if (bytes.empty()) return {};
      if (upload.size && bytes.size() > *upload.size - tail.offset())
        return fail(ErrorCode::invalid, fmt::format("there are more bytes than the {} announced", *upload.size), "body",
                    "send what is missing alone");
      CICLO_CHECK(tail.append(bytes));
    }
  };
  const auto taken = take();
  CICLO_CHECK(tail.checkpoint());
  if (!taken) return Failure(taken.error());
  return find(id);
}

Result<BlobInfo> FolderUploads::answer_again(const UploadInfo& upload, const std::string& sha256) const {
  if (!sha256.empty() && sha256 != upload.sha256) return differs("SHA-256");
  return BlobInfo{upload.key, upload.size.value_or(0), upload.sha256, now_ms()};
}

Result<BlobInfo> FolderUploads::put_in_place(const UploadInfo& upload, const std::string& sha256, std::uint64_t size,
                                             TemporaryFile& file) {
  CICLO_TRY(const fs::path folder, folder_of(upload.id));
  CICLO_CHECK(write_durably(folder / done_name, fmt::format("{} {}\n", sha256, size)));
  std::vector<fs::path> changed{folder};
  CICLO_CHECK(layout_->place(upload.key, sha256, file, changed));
  std::ranges::sort(changed);
  for (const fs::path& each : changed) CICLO_CHECK(sync_folder(each));
  return BlobInfo{upload.key, size, sha256, now_ms()};
}

Result<BlobInfo> FolderUploads::complete(const std::string& id, const std::string& sha256) {
  CICLO_TRY(const Turn turn, take_turn(id, Use::alone));
  CICLO_TRY(const UploadInfo upload, find(id));
  if (upload.parts) return fail(ErrorCode::invalid, "this upload comes in parts", "upload");
  if (upload.is_complete) return answer_again(upload, sha256);
  if (upload.size && *upload.size != upload.offset)
    return fail(ErrorCode::conflict, fmt::format("{} of {} bytes are here", upload.offset, *upload.size), "upload",
                "send the rest, then complete it");
  CICLO_TRY(const fs::path folder, folder_of(id));
  CICLO_TRY(UploadTail tail, UploadTail::open(folder));
  CICLO_CHECK(tail.checkpoint());
  const std::string found = tail.sha256();
  for (const std::string& wanted : {sha256, upload.sha256}) {
    if (wanted.empty() || wanted == found) continue;
    CICLO_CHECK(abandon(id));  // nothing that is sent from here on could make it right
    return differs("SHA-256");
  }
  TemporaryFile file(tail.data_path(), Descriptor());
  auto placed = put_in_place(upload, found, tail.offset(), file);
  file.moved();  // where it is: at its key, or still here for another try
  return placed;
}

Result<Part> FolderUploads::put_part(const std::string& id, std::size_t number, const std::string& sha256,
                                     const PieceSource& source) {
  CICLO_TRY(const Turn turn, take_turn(id, Use::beside_others));
  CICLO_TRY(const UploadInfo upload, find(id));
  if (!upload.parts || upload.is_complete)
    return fail(ErrorCode::conflict, "this upload takes no parts (any more)", "upload");
  if (number == 0 || number > *upload.parts)
    return fail(ErrorCode::invalid, fmt::format("there is no part {} of {}", number, *upload.parts), "part_number");
  CICLO_TRY(const fs::path folder, folder_of(id));
  CICLO_TRY(TemporaryFile file, layout_->create_temporary());
  CICLO_TRY(Copied copied, copy_all(source, file.file(), "a part"));
  if (!sha256.empty() && sha256 != copied.sha256) return differs("SHA-256");
  Part part{.number = number, .sha256 = std::move(copied.sha256), .size = copied.size};
  if (::rename(file.path().c_str(), (folder / file_name_of(part)).c_str()) != 0) {
    if (errno == ENOENT) return no_such_upload();
    return std::unexpected<Error>(file_error(errno, "store a part", id));
  }
  file.moved();
  for (const Part& other : parts_in(folder))
    if (other.number == number && other.sha256 != part.sha256) ::unlink((folder / file_name_of(other)).c_str());
  CICLO_CHECK(sync_folder(folder));
  return part;
}

Result<std::vector<Part>> FolderUploads::parts(const std::string& id) {
  CICLO_TRY(std::ignore, find(id));
  CICLO_TRY(const fs::path folder, folder_of(id));
  return parts_in(folder);
}

Result<BlobInfo> FolderUploads::join(const std::string& id, std::vector<Part> parts) {
  CICLO_TRY(const Turn turn, take_turn(id, Use::alone));
  CICLO_TRY(const UploadInfo upload, find(id));
  if (!upload.parts) return fail(ErrorCode::invalid, "this upload does not come in parts", "upload");
  CICLO_TRY(const fs::path folder, folder_of(id));
  if (upload.is_complete) {
    CICLO_CHECK(remove_parts(folder));  // the server may have ended while it did
    return answer_again(upload, "");
  }
  CICLO_CHECK(check_parts(upload, parts));
  CICLO_TRY(TemporaryFile file, layout_->create_temporary());
  JoinedParts joined(folder, parts);
  CICLO_TRY(const Copied copied, copy_all([&joined] { return joined.next(); }, file.file(), upload.key));
  CICLO_TRY(BlobInfo placed, put_in_place(upload, copied.sha256, copied.size, file));
  if (::rename((folder / done_name).c_str(), (folder / placed_name).c_str()) != 0)
    return std::unexpected<Error>(file_error(errno, "complete the upload", id));
  CICLO_CHECK(sync_folder(folder));
  CICLO_CHECK(remove_parts(folder));
  return placed;
}

// Moved away first: requests that are writing to it find that it is gone.
Result<void> FolderUploads::abandon(const std::string& id) {
  CICLO_TRY(const fs::path folder, folder_of(id));
  const fs::path away = layout_->new_temporary_path();
  if (::rename(folder.c_str(), away.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return std::unexpected<Error>(file_error(errno, "remove the upload", id));
  }
  CICLO_CHECK(sync_folder(layout_->uploads()));
  std::error_code ignored;
  fs::remove_all(away, ignored);
  return {};
}

}  // namespace ciclo::blobs
