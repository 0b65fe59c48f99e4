// Opening a SQLite file: its folder, its mode, its lock; and what its result codes mean.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "platform/sql/sqlite_connection.hpp"

namespace ciclo::sql {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(std::string path, Descriptor lock, Durability durability)
      : path_(std::move(path)), lock_(std::move(lock)), durability_(durability) {}
  Result<std::unique_ptr<Connection>> connect(Role role) override {
    return SqliteConnection::open(path_, role, durability_);
  }
  Dialect dialect() const override { return Dialect::sqlite; }

 private:
  const std::string path_;
  const Descriptor lock_;  // the lock is held as long as it is open
  const Durability durability_;
};

// Opens or creates a file only its owner can read.
Result<Descriptor> open_private(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() >= 0) return file;
  const int error = errno;
  std::string hint = "check that its folder exists and that this user may write to it";
  if (error == ENOSPC || error == EDQUOT) hint = "free some space on its disk";
  if (error == EROFS) hint = "its file system is read-only; choose another data folder";
  if (error == ELOOP) hint = "it is a symbolic link; name the file itself";
  return fail(ErrorCode::internal, fmt::format("cannot open the database file: {}", std::strerror(error)), path, hint);
}

}  // namespace

Result<std::unique_ptr<Engine>> open_sqlite(const std::string& path, Durability durability) {
  if (path.empty())
    return fail(ErrorCode::invalid, "the database URL names no file", "database", "write sqlite:/path/to/file");
  CICLO_TRY(Descriptor lock, open_private(path + ".lock"));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict, "another server is using this database", path,
                "stop that server, or choose another data folder");
  }
  // Opened before SQLite does, so that the file never has wider rights, and closed at once: it is the engine's.
  CICLO_TRY(const Descriptor file, open_private(path));
  return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(path, std::move(lock), durability));
}

Error sqlite_error(int code, std::string_view message, const std::string& path) {
  Error error;
  error.message = fmt::format("the database refused: {}", message);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: error.code = ErrorCode::already_exists; return error;
    default: break;
  }
  const auto environment = [&](std::string hint) {
    error.code = ErrorCode::internal;
    error.target = path;
    error.hint = std::move(hint);
  };
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT: error.code = ErrorCode::conflict; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.code = ErrorCode::unavailable;
      error.hint = "another program is using the database file";
      break;
    case SQLITE_FULL: environment("the disk is full; free some space on it"); break;
    case SQLITE_IOERR:
      environment("reading or writing the disk failed; check that it has free space and that it is healthy");
      break;
    case SQLITE_READONLY: environment("the file or its folder is read-only; give this user the right to write"); break;
    case SQLITE_CANTOPEN: environment("check that its folder exists and that this user may write to it"); break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: environment("the file is damaged or no database; put back a backup of it"); break;
    case SQLITE_TOOBIG: error.code = ErrorCode::too_large; break;
    case SQLITE_NOMEM: environment("the machine is out of memory"); break;
    default: error.code = ErrorCode::internal; break;
  }
  return error;
}

}  // namespace ciclo::sql
