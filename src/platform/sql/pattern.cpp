#include "platform/sql/pattern.hpp"

#include <fmt/format.h>
#include <re2/re2.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

namespace ciclo::sql {
namespace {

constexpr std::size_t max_pattern = 1000;
constexpr int max_text = 1 << 20;
constexpr std::int64_t max_memory = std::int64_t{1} << 20U;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_memory);
  return options;
}

re2::StringPiece piece_of(sqlite3_value* value) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): SQLite's texts are unsigned bytes
  const char* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

// REGEXP calls regexp(pattern, text). The compiled pattern is kept with the statement while it stays the same.
void regexp(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL || sqlite3_value_type(arguments[1]) == SQLITE_NULL) return;
  auto* compiled = static_cast<RE2*>(sqlite3_get_auxdata(context, 0));
  std::unique_ptr<RE2> made;
  if (compiled == nullptr) {
    made = std::make_unique<RE2>(piece_of(arguments[0]), options());
    compiled = made.get();
  }
  if (!compiled->ok()) {
    sqlite3_result_error(context, "this is no regular expression", -1);
    return;
  }
  re2::StringPiece text = piece_of(arguments[1]);
  if (text.size() > static_cast<std::size_t>(max_text)) text = text.substr(0, max_text);
  sqlite3_result_int(context, RE2::PartialMatch(text, *compiled) ? 1 : 0);
  // Last: SQLite may drop what it is given at once.
  if (made != nullptr)
    sqlite3_set_auxdata(context, 0, made.release(), [](void* pattern) { delete static_cast<RE2*>(pattern); });
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("Invalid regular expression: {}", why), "filter",
                "write literals, classes such as [a-z] and \\d, groups, | * + ? {m,n} ^ and $");
  };
  if (pattern.size() > max_pattern) return bad("it is longer than 1000 bytes");
  for (const std::string_view only_one :
       {"(?", "\\b", "\\B", "\\p", "\\P", "\\C", "\\Q", "\\z", "[[:<:]]", "[[:>:]]", "***"})
    if (pattern.find(only_one) != std::string_view::npos) return bad(fmt::format("'{}' is not offered", only_one));
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (!compiled.ok()) return bad(compiled.error());
  return {};
}

void add_pattern_function(sqlite3* connection) {
  sqlite3_create_function_v2(connection, "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                             regexp, nullptr, nullptr, nullptr);
}

}  // namespace ciclo::sql
