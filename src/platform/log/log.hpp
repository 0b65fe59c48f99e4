// Structured logs: one JSON object a line to stderr or a file; lines for people when stderr is a terminal.
//
//   logger.info("server", "listening", {{"address", "127.0.0.1:8080"}, {"workers", 32}});
//   {"time":"2026-01-31T08:15:30.123Z","level":"info","component":"server","message":"listening","address":…}
//
// Secrets: the value of a field whose key names a credential is never written, and messages and texts go through
// redact(). That is a net under the rule that no secret is handed to a logger, not a replacement for it.
//
// Thread safety: a Logger may be used from any thread; a line is written whole. Writing never fails: a full disk costs
// lines, not the program.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace ciclo::log {

enum class Level : std::uint8_t { debug, info, warning, error, off };
std::string_view name_of(Level level);
std::optional<Level> level_named(std::string_view name);

// A key and its value; both are only looked at during the call.
struct Field {
  template <class Value>
  Field(std::string_view field_key, const Value& field_value) : key(field_key) {
    if constexpr (std::is_same_v<Value, bool>) {
      value = field_value;
    } else if constexpr (std::is_integral_v<Value>) {
      value = static_cast<std::int64_t>(field_value);
    } else if constexpr (std::is_floating_point_v<Value>) {
      value = static_cast<double>(field_value);
    } else {
      value = std::string_view(field_value);
    }
  }

  std::string_view key;
  std::variant<bool, std::int64_t, double, std::string_view> value;
};
using Fields = std::initializer_list<Field>;

enum class Format : std::uint8_t { automatic, json, human };  // automatic: human when writing to a terminal

struct Settings {
  Level level = Level::info;
  Format format = Format::automatic;
  std::string file;                         // empty: stderr
  std::size_t max_file_bytes = 64U << 20U;  // then it is renamed to <file>.1 and a new one begun
  std::size_t kept_files = 3;
};

class Logger {
 public:
  // Fails with invalid, naming the file, when it cannot be opened for writing.
  static Result<std::unique_ptr<Logger>> open(const Settings& settings, const Clock& clock);
  // Hands each line (without its end) to `sink`, one at a time; for tests.
  static std::unique_ptr<Logger> to(std::function<void(std::string_view)> sink, Level level, const Clock& clock);
  // Writes nothing.
  static std::unique_ptr<Logger> silent();

  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void debug(std::string_view component, std::string_view message, Fields fields = {}) {
    write(Level::debug, component, message, fields);
  }
  void info(std::string_view component, std::string_view message, Fields fields = {}) {
    write(Level::info, component, message, fields);
  }
  void warning(std::string_view component, std::string_view message, Fields fields = {}) {
    write(Level::warning, component, message, fields);
  }
  void error(std::string_view component, std::string_view message, Fields fields = {}) {
    write(Level::error, component, message, fields);
  }
  void write(Level level, std::string_view component, std::string_view message, Fields fields = {});

  // Messages and texts go through `filter` before they are written. Set it before the logger is shared.
  void set_filter(std::function<std::string(std::string)> filter);
  bool writes(Level level) const;
  void set_level(Level level);
  void flush();

 private:
  class Impl;
  explicit Logger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// `text` with what looks like a credential replaced by "***": the value after password=, token:, AccountKey=, sig= and
// the like, bearer and basic authorization, and the password of a URL.
std::string redact(std::string_view text);
// Whether a field or parameter of this name holds a credential ("db_password", "X-Api-Key", "sas_token").
bool names_secret(std::string_view key);

}  // namespace ciclo::log
