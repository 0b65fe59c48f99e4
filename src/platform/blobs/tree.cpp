#include "platform/blobs/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace ciclo::blobs {

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

Failure refused(const std::string& where) {
  return fail(ErrorCode::invalid, "this is neither a file nor a folder (a symbolic link, a pipe, a device)", where,
              "put the file itself there, or leave it out");
}

class Finder {
 public:
  Finder(std::filesystem::path from, std::string key, const TreeLimits& limits)
      : from_(std::move(from)), key_(std::move(key)), limits_(limits) {}

  Result<void> add_file(const std::string& relative, const std::string& key, const struct stat& status) {
    CICLO_CHECK(check_key(key));
    bytes_ += static_cast<std::uint64_t>(status.st_size);
    if (files_.size() >= limits_.max_files || bytes_ > limits_.max_bytes) {
      return fail(ErrorCode::too_large,
                  fmt::format("the folder has more than {} files or {} bytes", limits_.max_files, limits_.max_bytes),
                  from_.native(), "leave out what is not needed (an .amlignore file), or raise the limit");
    }
    files_.push_back({key, relative, static_cast<std::uint64_t>(status.st_size)});
    return {};
  }

  Result<void> add_folder(int folder, const std::string& relative, std::size_t depth) {
    if (depth > limits_.max_depth) {
      return fail(ErrorCode::too_large, fmt::format("folders lie deeper than {} levels", limits_.max_depth),
                  (from_ / relative).native());
    }
    const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, CloseFolder> entries(copy < 0 ? nullptr : ::fdopendir(copy));
    if (entries == nullptr) {
      return std::unexpected<Error>(file_error(errno, "read the folder", (from_ / relative).native()));
    }
    errno = 0;
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") CICLO_CHECK(add_entry(folder, join(relative, name), name, depth));
      errno = 0;
    }
    if (errno != 0) return std::unexpected<Error>(file_error(errno, "read the folder", (from_ / relative).native()));
    return {};
  }

  std::vector<TreeFile> take() { return std::move(files_); }

 private:
  static std::string join(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
  }

  Result<void> add_entry(int folder, const std::string& relative, const std::string& name, std::size_t depth) {
    const std::string where = (from_ / relative).native();
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return std::unexpected<Error>(file_error(errno, "read", where));
    }
    if (S_ISREG(status.st_mode)) return add_file(relative, join(key_, relative), status);
    if (!S_ISDIR(status.st_mode)) return refused(where);
    const Descriptor below(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!below) return std::unexpected<Error>(file_error(errno, "read the folder", where));
    return add_folder(below.get(), relative, depth + 1);
  }

  const std::filesystem::path from_;
  const std::string key_;
  const TreeLimits limits_;
  std::uint64_t bytes_ = 0;
  std::vector<TreeFile> files_;
};

}  // namespace

Result<FoundTree> find_tree(int opened, const std::filesystem::path& from, const std::string& key,
                            const TreeLimits& limits) {
  struct stat status {};
  if (::fstat(opened, &status) != 0) return std::unexpected<Error>(file_error(errno, "read", from.native()));
  Finder finder(from, key, limits);
  if (S_ISREG(status.st_mode)) {
    CICLO_CHECK(finder.add_file(from.filename().native(), key, status));
  } else if (S_ISDIR(status.st_mode)) {
    CICLO_CHECK(finder.add_folder(opened, "", 0));
  } else {
    return refused(from.native());
  }
  return FoundTree{finder.take(), S_ISREG(status.st_mode)};
}

Result<Descriptor> open_tree_file(int folder, const TreeFile& file) {
  Descriptor opened = open_below(folder, file.relative, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) {
    return std::unexpected<Error>(file_error(errno, "read", file.relative));
  }
  if (!S_ISREG(status.st_mode)) return refused(file.relative);
  return opened;
}

}  // namespace ciclo::blobs
