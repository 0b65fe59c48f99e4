#include "cli/transfer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include "platform/blobs/checksum.hpp"
#include "platform/http/content_fields.hpp"

namespace ciclo::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1U << 20U;
constexpr std::size_t shown_digits = 12;
constexpr int status_precondition_failed = 412;

Failure cannot(const char* what, const fs::path& path) {
  return fail(ErrorCode::invalid, fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(errno)));
}

// The bytes of an open file up to `length`, counted.
http::BodySource source_of(const std::shared_ptr<std::ifstream>& in, Progress& progress) {
  return [in, &progress]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    in->read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<std::size_t>(in->gcount()));
    progress.advance(piece.size());
    return piece;
  };
}

Result<std::shared_ptr<std::ifstream>> open_at(const fs::path& path, std::uint64_t offset) {
  auto in = std::make_shared<std::ifstream>(path, std::ios::binary);
  if (!*in || !in->seekg(static_cast<std::streamoff>(offset))) return cannot("read", path);
  return in;
}

Result<void> put_file(Session& session, const LocalFile& file, const std::string& path) {
  CICLO_TRY(const auto in, open_at(file.path, 0));
  Progress progress(file.name, file.size);
  http::ClientRequest request{.method = http::Method::put, .url = session.url(path)};
  request.headers.set("repr-digest", http::digest_field(file.sha256));
  request.body_length = file.size;
  request.body_stream = source_of(in, progress);
  CICLO_TRY(const auto response, session.raw(std::move(request)));
  if (response.status >= 400) return Failure(error_of(response));
  return {};
}

// Sends a large file from where the server says it stands.
class LargeUpload {
 public:
  LargeUpload(Session& session, const LocalFile& file, const std::string& target)
      : session_(session), file_(file), target_(target), progress_(file.name, file.size) {}

  Result<void> run() {
    return with_patience([this] { return attempt(); }, [this] { return offset_; });
  }

 private:
  Result<void> attempt() {
    CICLO_TRY(const std::string workspace, session_.workspace_path());
    CICLO_TRY(const Json upload, session_.call(http::Method::post, workspace + "/uploads",
                                               {{"target", target_}, {"size", file_.size}, {"sha256", file_.sha256}}));
    if (member(upload, "complete") == true) return {};
    offset_ = member(upload, "offset").get<std::uint64_t>();
    progress_.set(offset_);
    const std::string path = fmt::format("{}/uploads/{}", workspace, text_or(upload, "id"));
    if (offset_ < file_.size) CICLO_CHECK(send_rest(path));
    CICLO_CHECK(session_.call(http::Method::post, path + "/complete", {{"sha256", file_.sha256}}));
    return {};
  }

  Result<void> send_rest(const std::string& path) {
    CICLO_TRY(const auto in, open_at(file_.path, offset_));
    http::ClientRequest request{.method = http::Method::patch, .url = session_.url(path)};
    request.headers.set("upload-offset", std::to_string(offset_));
    request.body_length = file_.size - offset_;
    request.body_stream = source_of(in, progress_);
    CICLO_TRY(const auto response, session_.raw(std::move(request)));
    if (response.status >= 400) return Failure(error_of(response));
    return {};
  }

  Session& session_;
  const LocalFile& file_;
  const std::string& target_;
  Progress progress_;
  std::uint64_t offset_ = 0;
};

// Fetches into a file beside the target, after what is there already.
class PartFile {
 public:
  PartFile(fs::path path, const RemoteFile& file) : path_(std::move(path)), file_(file) {}

  // Reads what an earlier try left.
  Result<void> open() {
    std::error_code ignored;
    if (fs::file_size(path_, ignored) > file_.size && !ignored) fs::remove(path_, ignored);
    std::ifstream in(path_, std::ios::binary);
    std::string piece(piece_bytes, '\0');
    while (in && (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0))
      count(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
    out_.open(path_, std::ios::binary | std::ios::app);
    return out_ ? Result<void>() : cannot("write", path_);
  }

  Result<void> add(std::string_view bytes) {
    if (!out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return cannot("write", path_);
    count(bytes);
    return {};
  }

  std::uint64_t size() const { return size_; }

  Result<void> become(const fs::path& target) {
    out_.close();
    std::error_code error;
    if (!file_.sha256.empty() && sum_.finish() != file_.sha256) {
      fs::remove(path_, error);
      return fail(ErrorCode::internal, fmt::format("what arrived of '{}' has another SHA-256", target.string()), {},
                  "fetch it again; when it fails again, the file on the server is damaged");
    }
    if (!out_) return cannot("write", path_);
    fs::rename(path_, target, error);
    return error ? cannot("write", target) : Result<void>();
  }

 private:
  void count(std::string_view bytes) {
    sum_.add(bytes);
    size_ += bytes.size();
  }

  const fs::path path_;
  const RemoteFile& file_;
  std::ofstream out_;
  blobs::Sha256 sum_;
  std::uint64_t size_ = 0;
};

Result<void> fetch_rest(Session& session, const RemoteFile& file, PartFile& part, Progress& progress) {
  if (part.size() == file.size) return {};
  http::ClientRequest request{.method = http::Method::get, .url = session.url(file.path)};
  request.headers.set("range", fmt::format("bytes={}-", part.size()));
  request.headers.set("if-match", fmt::format("\"{}\"", file.sha256));
  request.sink = [&](std::string_view piece) -> Result<void> {
    progress.advance(piece.size());
    return part.add(piece);
  };
  CICLO_TRY(const auto response, session.raw(std::move(request)));
  if (response.status == status_precondition_failed)
    return fail(ErrorCode::conflict, "the file was replaced by another on the server", file.path, "fetch it again");
  if (response.status >= 400) return Failure(error_of(response));
  return {};
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
  constexpr double step = 1000;
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= step && unit + 1 < units.size(); ++unit) value /= step;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units.at(unit));
}

Progress::Progress(std::string name, std::uint64_t total, std::uint64_t done)
    : name_(std::move(name)),
      total_(total),
      is_shown_(total >= large_file_bytes && ::isatty(STDERR_FILENO) == 1),
      done_(done),
      begun_(std::chrono::steady_clock::now()),
      next_(begun_) {}

Progress::~Progress() {
  if (!is_shown_) return;
  show();
  std::cerr << "\n";
}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
  passed_ += bytes;
  if (!is_shown_ || std::chrono::steady_clock::now() < next_) return;
  next_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  show();
}

void Progress::show() {
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun_;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(passed_) / std::max(time.count(), 0.001));
  std::cerr << fmt::format("\r{}  {:3} %  {} of {}  {}/s   ", name_, total_ == 0 ? 100 : done_ * 100 / total_,
                           size_text(done_), size_text(total_), size_text(rate))
            << std::flush;
}

Result<LocalFile> describe_file(const fs::path& path, std::string name) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return cannot("read", path);
  LocalFile file{.path = path, .name = std::move(name), .size = 0, .sha256 = {}};
  blobs::Sha256 sum;
  std::string piece(piece_bytes, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    sum.add(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
    file.size += static_cast<std::uint64_t>(in.gcount());
  }
  if (in.bad()) return cannot("read", path);
  file.sha256 = sum.finish();
  return file;
}

Result<void> with_patience(const std::function<Result<void>()>& attempt,
                           const std::function<std::uint64_t()>& position) {
  constexpr int most_waits = 8;  // 0.25 s, doubled each time: about a minute
  int waits = 0;
  std::uint64_t reached = position();
  while (true) {
    auto done = attempt();
    if (done) return done;
    const ErrorCode code = done.error().code;
    const bool may_pass = code == ErrorCode::unavailable || code == ErrorCode::timeout || code == ErrorCode::conflict;
    if (position() > reached) waits = 0;
    reached = position();
    if (!may_pass || waits == most_waits) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << waits++));
  }
}

Result<void> send_file(Session& session, const LocalFile& file, const Destination& destination) {
  if (file.size < large_file_bytes) return put_file(session, file, destination.path);
  return LargeUpload(session, file, destination.target).run();
}

Result<void> fetch_file(Session& session, const RemoteFile& file, const fs::path& target) {
  std::error_code error;
  if (fs::file_size(target, error) == file.size && !error) {
    CICLO_TRY(const LocalFile there, describe_file(target, ""));
    if (there.sha256 == file.sha256) return {};
  }
  fs::create_directories(target.parent_path(), error);
  PartFile part(fmt::format("{}.{}.part", target.string(), file.sha256.substr(0, shown_digits)), file);
  CICLO_CHECK(part.open());
  {
    Progress progress(target.filename().string(), file.size, part.size());
    CICLO_CHECK(with_patience([&] { return fetch_rest(session, file, part, progress); }, [&] { return part.size(); }));
  }
  return part.become(target);
}

}  // namespace ciclo::cli
