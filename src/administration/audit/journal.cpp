#include "administration/audit/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_bytes = 1U << 20U;
constexpr std::string_view prefix = "decisions-";
constexpr std::string_view suffix = ".journal";

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

Failure failure(ErrorCode code, std::string_view doing, const fs::path& file) {
  return fail(code, fmt::format("cannot {} the audit log's decision journal: {}", doing, std::strerror(errno)),
              file.string(), "the disk may be full, or the folder not the server's own");
}

std::vector<std::uint64_t> numbers_in(const fs::path& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const auto number = parse_int(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
    if (number && *number > 0) numbers.push_back(static_cast<std::uint64_t>(*number));
  }
  std::ranges::sort(numbers);
  return numbers;
}

// At most `size` bytes from `place` on.
Result<std::string> read_bytes(const fs::path& file, std::uint64_t place, std::size_t size) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return failure(ErrorCode::internal, "open", file);
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(in.get(), bytes.data() + filled, size - filled, static_cast<off_t>(place + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(ErrorCode::internal, "read", file);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

DecisionJournal::DecisionJournal(Settings settings, const AuditKey& key)
    : settings_(std::move(settings)), key_(key.journal_key()) {}

DecisionJournal::~DecisionJournal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

fs::path DecisionJournal::path_of(std::uint64_t number) const {
  return settings_.folder / fmt::format("{}{:012d}{}", prefix, number, suffix);
}

Result<std::unique_ptr<DecisionJournal>> DecisionJournal::open(Settings settings, const AuditKey& key) {
  std::error_code error;
  fs::create_directories(settings.folder, error);
  fs::permissions(settings.folder, fs::perms::owner_all, error);
  std::unique_ptr<DecisionJournal> journal(new DecisionJournal(std::move(settings), key));
  const auto numbers = numbers_in(journal->settings_.folder);
  // A file without a whole header was begun by a server that died then: there is nothing in it.
  for (const std::uint64_t number : numbers) {
    CICLO_TRY(const std::string bytes, read_bytes(journal->path_of(number), 0, journal_header_size));
    if (const auto file = read_journal_header(bytes)) journal->file_.id = file->id;
  }
  if (journal->file_.id.empty()) {
    journal->file_.id.resize(journal_id_size);
    randombytes_buf(journal->file_.id.data(), journal_id_size);
  }
  journal->id_ = hex(journal->file_.id);
  journal->end_.file = numbers.empty() ? 0 : numbers.back();
  journal->oldest_ = numbers.empty() ? 1 : numbers.front();
  CICLO_CHECK(journal->begin_file());
  return journal;
}

Result<void> DecisionJournal::begin_file() {
  const std::uint64_t number = end_.file + 1;
  const fs::path path = path_of(number);
  const Descriptor opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (opened.get() < 0) return failure(ErrorCode::unavailable, "begin", path);
  const int descriptor = ::fcntl(opened.get(), F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return failure(ErrorCode::unavailable, "begin", path);
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  file_.number = number;
  end_ = {number, 0};
  CICLO_CHECK(write_whole(journal_header(file_)));
  end_.place = journal_header_size;
  return {};
}

// Leaves nothing of it behind when it fails: the next record stands where this one would have.
Result<void> DecisionJournal::write_whole(std::string_view bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(end_.place + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      auto failed = failure(ErrorCode::unavailable, "write", path_of(file_.number));
      std::ignore = ::ftruncate(descriptor_, static_cast<off_t>(end_.place));
      return failed;
    }
    done += static_cast<std::size_t>(written);
  }
  return {};
}

Result<void> DecisionJournal::append(std::string_view payload) {
  if (payload.size() > max_journal_payload)
    return fail(ErrorCode::too_large, "a decision is too large for the audit log's journal");
  const std::scoped_lock lock(mutex_);
  // A file whose header could not be written holds nothing.
  if (end_.place < journal_header_size || end_.place >= settings_.file_bytes) {
    if (end_.file - oldest_ + 1 >= settings_.max_files)
      return fail(ErrorCode::unavailable, "the audit log's decision journal is full", settings_.folder.string(),
                  "the database has not taken it in for long; see the server's log");
    CICLO_CHECK(begin_file());
  }
  const std::string record = journal_record(key_, file_, end_.place, payload);
  CICLO_CHECK(write_whole(record));
  end_.place += record.size();
  if (std::exchange(reader_waits_, false)) appended_.notify_one();
  return {};
}

JournalPosition DecisionJournal::begin() const {
  const std::scoped_lock lock(mutex_);
  return {oldest_, journal_header_size};
}

JournalPosition DecisionJournal::end() const {
  const std::scoped_lock lock(mutex_);
  return end_;
}

Result<JournalBatch> DecisionJournal::read(const JournalPosition& from) const {
  const JournalPosition end = this->end();
  JournalBatch batch{.payloads = {}, .next = from};
  if (from >= end) return batch;
  const bool is_current = from.file == end.file;
  const JournalPosition after = is_current ? end : JournalPosition{from.file + 1, journal_header_size};
  std::error_code error;
  const std::uint64_t size = is_current ? end.place : fs::file_size(path_of(from.file), error);
  if (error || size <= from.place) {
    batch.is_damaged = static_cast<bool>(error);  // a file that nobody but forget_before() removes is gone
    batch.next = after;
    return batch;
  }
  const std::size_t wanted = std::min<std::uint64_t>(size - from.place, batch_bytes);
  CICLO_TRY(const std::string bytes, read_bytes(path_of(from.file), from.place, wanted));
  const auto records = read_journal_records(key_, {file_.id, from.file}, from.place, bytes);
  batch.payloads.assign(records.payloads.begin(), records.payloads.end());
  batch.next.place += records.used;
  const bool reached_end = from.place + bytes.size() >= size || bytes.size() < wanted;
  if (records.rest == JournalRecords::Rest::damaged || (records.rest == JournalRecords::Rest::unended && reached_end)) {
    batch.lost_bytes = size - batch.next.place;
    batch.is_damaged = records.rest == JournalRecords::Rest::damaged;
    batch.next = after;
  } else if (reached_end) {
    batch.next = after;
  }
  return batch;
}

void DecisionJournal::forget_before(const JournalPosition& position) {
  std::uint64_t first = 0;
  {
    const std::scoped_lock lock(mutex_);
    first = std::exchange(oldest_, std::max(oldest_, std::min(position.file, end_.file)));
  }
  std::error_code ignored;
  for (std::uint64_t number = first; number < position.file; ++number) fs::remove(path_of(number), ignored);
}

Result<void> DecisionJournal::flush() {
  const std::scoped_lock lock(mutex_);
  if (::fdatasync(descriptor_) != 0) return failure(ErrorCode::internal, "flush", path_of(file_.number));
  return {};
}

void DecisionJournal::wait_beyond(const JournalPosition& position, std::chrono::milliseconds limit,
                                  const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  reader_waits_ = true;
  appended_.wait_for(lock, stop, limit, [&] { return position < end_; });
  reader_waits_ = false;
}

}  // namespace ciclo::administration
