// Files of any size to and from the server: large ones go on where they were after whatever interrupted them, also when
// the command is run again, and what arrives is checked by its SHA-256. On a terminal the progress is shown.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "cli/session.hpp"

namespace ciclo::cli {

// From so many bytes on a file is sent, and fetched, so that it can go on.
inline constexpr std::uint64_t large_file_bytes = std::uint64_t{32} << 20U;

struct LocalFile {
  std::filesystem::path path;
  std::string name;  // relative, with '/'
  std::uint64_t size = 0;
  std::string sha256;
};
// Reads the file once.
Result<LocalFile> describe_file(const std::filesystem::path& path, std::string name);

struct Destination {
  std::string path;    // of the API, for one PUT
  std::string target;  // as POST /uploads takes it: "runs:/<run>/<path>"
};
Result<void> send_file(Session& session, const LocalFile& file, const Destination& destination);

struct RemoteFile {
  std::string path;  // of the API
  std::uint64_t size = 0;
  std::string sha256;  // empty: not known; then it cannot go on, and is not checked
};
// The file appears whole or not at all. What came of a large one lies in `<target>.<start of its SHA-256>.part` until
// then. Nothing is fetched when the file is there already.
Result<void> fetch_file(Session& session, const RemoteFile& file, const std::filesystem::path& target);

// Bytes of one file as they pass, on a line of standard error that is written over; nothing when that is no terminal.
class Progress {
 public:
  Progress(std::string name, std::uint64_t total, std::uint64_t done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::uint64_t bytes);
  // The server says otherwise than was thought.
  void set(std::uint64_t done) { done_ = done; }

 private:
  void show();
  const std::string name_;
  const std::uint64_t total_;
  const bool is_shown_;
  std::uint64_t done_;
  std::uint64_t passed_ = 0;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point next_;
};

// "1.2 GB"
std::string size_text(std::uint64_t bytes);

// Calls `attempt` until it succeeds or fails for another reason than the connection or a server that is just starting.
// Gives up when nothing moved (`position` stays) for about two minutes.
Result<void> with_patience(const std::function<Result<void>()>& attempt,
                           const std::function<std::uint64_t()>& position);

}  // namespace ciclo::cli
