#include "platform/log/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

#include "base/json.hpp"

namespace ciclo::log {
namespace {

constexpr std::array<std::string_view, 5> level_names{"debug", "info", "warning", "error", "off"};

// Gives each line to a function; the base class lets one in at a time.
class CallingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallingSink(std::function<void(std::string_view)> call) : call_(std::move(call)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override { call_({line.payload.data(), line.payload.size()}); }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> call_;
};

using Filter = std::function<std::string(std::string)>;

std::string clean(std::string_view text, const Filter& filter) {
  std::string out = redact(text);
  return filter ? filter(std::move(out)) : out;
}

Json json_of(const Field& field, const Filter& filter) {
  if (names_secret(field.key)) return "***";
  return std::visit(
      [&](const auto& value) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) return clean(value, filter);
        else return value;
      },
      field.value);
}

struct Line {
  Level level;
  std::string_view component;
  std::string_view message;
  Fields fields;
  TimePoint time;
};

std::string json_line(const Line& line, const Filter& filter) {
  Json object = {{"time", format_rfc3339(line.time)},
                 {"level", name_of(line.level)},
                 {"component", line.component},
                 {"message", clean(line.message, filter)}};
  for (const Field& field : line.fields) {
    // The four above are the line's own: a field of such a name is kept under another.
    const std::string key(field.key);
    object[object.contains(key) ? "field_" + key : key] = json_of(field, filter);
  }
  return to_text(object);
}

// Control characters would let a value forge a line or drive the terminal.
std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

std::string human_line(const Line& line, const Filter& filter) {
  static constexpr std::array<std::string_view, 4> colours{"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  std::string text = fmt::format("\x1b[2m{}\x1b[0m {}{:<7}\x1b[0m {}: {}", format_rfc3339(line.time).substr(11, 12),
                                 colours[static_cast<std::size_t>(line.level)], name_of(line.level), line.component,
                                 printable(clean(line.message, filter)));
  for (const Field& field : line.fields) {
    const Json value = json_of(field, filter);
    const std::string shown = value.is_string() ? printable(value.get<std::string>()) : to_text(value);
    text += fmt::format(" \x1b[2m{}=\x1b[0m{}", field.key,
                        shown.find(' ') == std::string::npos ? shown : "\"" + shown + "\"");
  }
  return text;
}

}  // namespace

std::string_view name_of(Level level) {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<Level> level_named(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<Level>(i);
  if (name == "warn") return Level::warning;
  return std::nullopt;
}

class Logger::Impl {
 public:
  Impl(spdlog::sink_ptr sink, Level level, Format format, const Clock* clock)
      : sink_(std::move(sink)), level_(level), format_(format), clock_(clock) {
    sink_->set_pattern("%v");
  }

  void write(Line line) {
    line.time = clock_ ? clock_->now() : SystemClock().now();
    try {
      const std::string text = format_ == Format::human ? human_line(line, filter_) : json_line(line, filter_);
      sink_->log(spdlog::details::log_msg(spdlog::string_view_t(), spdlog::level::info, text));
      if (line.level >= Level::warning) sink_->flush();
    } catch (const std::exception&) {
      // A log that cannot be written must not stop what it tells of.
    }
  }

  spdlog::sink_ptr sink_;
  std::atomic<Level> level_;
  const Format format_;
  const Clock* clock_;
  Filter filter_;
};

Logger::Logger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Logger::~Logger() {
  flush();
}

Result<std::unique_ptr<Logger>> Logger::open(const Settings& settings, const Clock& clock) {
  Format format = settings.format;
  spdlog::sink_ptr sink;
  if (settings.file.empty()) {
    if (format == Format::automatic) format = isatty(STDERR_FILENO) == 1 ? Format::human : Format::json;
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file, settings.max_file_bytes,
                                                                    settings.kept_files);
    } catch (const spdlog::spdlog_ex& exception) {
      return fail(ErrorCode::invalid, "cannot write the log file " + settings.file + ": " + exception.what(),
                  settings.file, "choose a file in a folder that can be written");
    }
  }
  return std::unique_ptr<Logger>(new Logger(std::make_unique<Impl>(std::move(sink), settings.level, format, &clock)));
}

std::unique_ptr<Logger> Logger::to(std::function<void(std::string_view)> sink, Level level, const Clock& clock) {
  auto calls = std::make_shared<CallingSink>(std::move(sink));
  return std::unique_ptr<Logger>(new Logger(std::make_unique<Impl>(std::move(calls), level, Format::json, &clock)));
}

std::unique_ptr<Logger> Logger::silent() {
  return std::unique_ptr<Logger>(new Logger(
      std::make_unique<Impl>(std::make_shared<spdlog::sinks::null_sink_mt>(), Level::off, Format::json, nullptr)));
}

void Logger::write(Level level, std::string_view component, std::string_view message, Fields fields) {
  if (!writes(level)) return;
  impl_->write({.level = level, .component = component, .message = message, .fields = fields, .time = {}});
}

void Logger::set_filter(std::function<std::string(std::string)> filter) {
  impl_->filter_ = std::move(filter);
}

bool Logger::writes(Level level) const {
  return level >= impl_->level_.load(std::memory_order_relaxed) && level != Level::off;
}
void Logger::set_level(Level level) {
  impl_->level_.store(level);
}

void Logger::flush() {
  try {
    impl_->sink_->flush();
  } catch (const std::exception&) {
    // As in write().
  }
}

}  // namespace ciclo::log
