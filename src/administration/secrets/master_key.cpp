#include "administration/secrets/master_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "administration/secrets/key_command.hpp"
#include "administration/secrets/key_text.hpp"
#include "base/wipe.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view id_label = "ciclo master key id";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Failure cannot(std::string_view what, const std::filesystem::path& file) {
  return fail(errno == EEXIST ? ErrorCode::already_exists : ErrorCode::internal,
              fmt::format("cannot {} the master key: {}", what, std::strerror(errno)), file.string(),
              "the server's user must own the file and its folder");
}

Result<void> sync_folder(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return cannot("keep", file);
  return {};
}

Result<SecretBytes> read_key_file(const std::filesystem::path& file, const Descriptor& in) {
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return cannot("read", file);
  if ((status.st_mode & 077) != 0)
    return fail(ErrorCode::denied, "the master key can be read by others", file.string(),
                fmt::format("chmod 600 {}", file.string()));
  SecretBytes bytes(key_command_bytes);
  const ssize_t size = ::read(in.get(), bytes.data(), bytes.size());
  if (size < 0) return cannot("read", file);
  const std::string_view content = bytes.view().substr(0, static_cast<std::size_t>(size));
  if (content.size() == master_key_bytes) return SecretBytes::copy_of(content);
  auto key = parse_key_text(content);
  if (!key) {
    key.error().message = "the master key file holds neither 32 bytes nor their text";
    key.error().target = file.string();
    key.error().hint = "restore it from a backup: what it sealed cannot be read without it";
  }
  return key;
}

Result<SecretBytes> key_of_file(const MasterKeySource& source) {
  const Descriptor in(::open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() >= 0) return read_key_file(source.file, in);
  if (errno != ENOENT) return cannot("read", source.file);
  if (!source.may_make_file)
    return fail(ErrorCode::not_found, "there is no such master key file", source.file.string(),
                fmt::format("make one: (umask 077 && openssl rand -hex 32 > {})", source.file.string()));
  SecretBytes made = SecretBytes::random(master_key_bytes);
  CICLO_CHECK(write_key_file(source.file, made));
  return made;
}

Result<SecretBytes> key_of_text(const SecretBytes& text, const MasterKeySource& source) {
  auto key = parse_key_text(text.view());
  if (!key) key.error().target = source.description();
  return key;
}

}  // namespace

MasterKey master_key_of(SecretBytes bytes) {
  crypto_generichash_state state;
  std::array<unsigned char, 32> sum{};
  crypto_generichash_init(&state, nullptr, 0, sum.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(id_label.data()),
                            id_label.size());  // NOLINT
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  crypto_generichash_final(&state, sum.data(), sum.size());
  sodium_memzero(&state, sizeof state);
  MasterKey key{std::move(bytes), {}};
  for (std::size_t i = 0; i < 8; ++i) key.id += fmt::format("{:02x}", sum.at(i));
  return key;
}

std::string MasterKeySource::description() const {
  switch (from) {
    case From::file: return "the file " + file.string();
    case From::command: return "the command of --master-key-command";
    case From::environment: return "the variable " + variable;
  }
  return {};
}

Result<MasterKey> load_master_key(const MasterKeySource& source, std::chrono::milliseconds command_time) {
  if (!start_sodium()) return fail(ErrorCode::internal, "libsodium could not be started");
  SecretBytes bytes;
  if (source.from == MasterKeySource::From::file) {
    CICLO_TRY(bytes, key_of_file(source));
  } else if (source.from == MasterKeySource::From::command) {
    CICLO_TRY(const SecretBytes printed, run_key_command(source.command, command_time));
    CICLO_TRY(bytes, key_of_text(printed, source));
  } else {
    CICLO_TRY(bytes, key_of_text(source.text, source));
  }
  return master_key_of(std::move(bytes));
}

Result<void> write_key_file(const std::filesystem::path& file, const SecretBytes& key) {
  const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.get() < 0) return cannot("write", file);
  if (::write(out.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(out.get()) != 0)
    return cannot("write", file);
  return sync_folder(file);
}

Result<void> move_key_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return cannot("move", from);
  return sync_folder(to);
}

std::optional<SecretBytes> take_key_variable(const char* name) {
  char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before there are threads
  if (value == nullptr) return std::nullopt;
  const std::size_t length = std::strlen(value);
  SecretBytes taken = SecretBytes::copy_of({value, length});
  wipe(value, length);
  ::unsetenv(name);
  return taken;
}

}  // namespace ciclo::administration
