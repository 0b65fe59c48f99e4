// The Python interpreters of this machine.
//
// Thread safety: reads the disk, keeps nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ciclo::inner_loop {

struct Interpreter {
  int major = 0;
  int minor = 0;
  std::filesystem::path path;

  std::string version() const { return std::to_string(major) + "." + std::to_string(minor); }
};

// Runs a program to learn its version ("3.11.7"); nothing when it does not start.
using VersionProbe = std::function<std::optional<std::string>(const std::filesystem::path&)>;

// python3 and python3.x programs in the folders of a PATH, each version once (its first place), the newest first. A
// program's version is in its name (after links); scripts that stand for one (version managers have them, also for
// versions that are not active) are asked by `probe`.
std::vector<Interpreter> find_interpreters(std::string_view search_path, const VersionProbe& probe);

// The one of the wanted version ("3.11", "3.11.4"), else the nearest minor version, a newer one before an older one.
// Any version takes `python3` itself, which is the machine's default, when it is among them, else the newest.
std::optional<Interpreter> choose_interpreter(std::string_view wanted, const std::vector<Interpreter>& installed);

}  // namespace ciclo::inner_loop
