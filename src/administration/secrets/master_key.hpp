// The master key: 32 bytes that seal everything secret in the database, and where they come from. It is never written
// to the database; its id is.
//
// Thread safety: plain functions; take_key_variable() before there are threads.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "administration/secrets/secret_bytes.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

struct MasterKey {
  SecretBytes bytes;
  std::string id;  // 16 hexadecimal digits of a hash of the bytes: names the key, tells nothing of it
};
MasterKey master_key_of(SecretBytes bytes);

struct MasterKeySource {
  enum class From : std::uint8_t { file, command, environment } from = From::file;
  std::filesystem::path file;  // 32 raw bytes, or text as parse_key_text() takes
  bool may_make_file = true;   // when it is missing
  std::string command;         // a shell's command line that prints the key
  std::string variable;        // named in errors
  SecretBytes text;            // what the variable held

  // "the file /var/lib/ciclo/master.key"
  std::string description() const;
};

inline constexpr std::chrono::seconds key_command_time{30};
inline constexpr std::size_t key_command_bytes = 4096;

// Fails with denied when others may read the file; not_found, invalid, timeout with what to do. No error holds a byte
// of the key or of what a command printed.
Result<MasterKey> load_master_key(const MasterKeySource& source,
                                  std::chrono::milliseconds command_time = key_command_time);

// A new file of mode 0600, synced with its folder. Fails with already_exists.
Result<void> write_key_file(const std::filesystem::path& file, const SecretBytes& key);
// Renames and syncs the folder.
Result<void> move_key_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Takes a variable out of this process's environment, and its value out of the memory that /proc/<pid>/environ shows,
// so that neither children nor onlookers find it. Nothing when it is not set.
std::optional<SecretBytes> take_key_variable(const char* name);

}  // namespace ciclo::administration
