// Files by descriptor, without ever following a symbolic link below a folder that was opened once. Internal to
// platform/blobs.
//
// Thread safety: free functions; a Descriptor is a value owned by one.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace ciclo::blobs {

// Closes what it holds.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int get() const { return value_; }
  explicit operator bool() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

// The Error for an errno: what was being done, to what, and what helps.
Error file_error(int number, std::string_view doing, std::string_view what);

// Opens `relative` ("a/b/c") below `folder` with open(2)'s flags. Fails, with errno set, on a symbolic link anywhere on
// the way (ELOOP or ENOTDIR). An invalid Descriptor on failure. "" is the folder itself.
Descriptor open_below(int folder, std::string_view relative, int flags);

Result<void> write_all(int file, std::string_view bytes, std::string_view what);
// Up to `max` bytes; empty at the end of the file.
Result<std::string> read_some(int file, std::size_t max, std::string_view what);
// Lets the kernel begin to write these bytes to the disk, so that a later sync() has less to wait for. A hint.
void begin_write_back(int file, std::uint64_t offset, std::uint64_t length);
Result<void> sync(int file, std::string_view what);
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace ciclo::blobs
