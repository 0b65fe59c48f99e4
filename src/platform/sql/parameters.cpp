#include "platform/sql/parameters.hpp"

#include <algorithm>

namespace ciclo::sql {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Each skip_… gives the position after the construct that starts at `at`, or the end of the text when it is not closed.

// A doubled quote inside stands for one quote; a backslash escapes only in strings written E'…'.
std::size_t skip_quoted(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  const bool escapes = quote == '\'' && at > 0 && (sql[at - 1] == 'E' || sql[at - 1] == 'e') &&
                       (at < 2 || !is_name_character(sql[at - 2]));
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (escapes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == quote) {
      if (i + 1 >= sql.size() || sql[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return sql.size();
}

std::size_t skip_line_comment(std::string_view sql, std::size_t at) {
  const auto end = sql.find('\n', at);
  return end == std::string_view::npos ? sql.size() : end;
}

// These nest.
std::size_t skip_block_comment(std::string_view sql, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i + 1 < sql.size(); ++i) {
    const std::string_view two = sql.substr(i, 2);
    if (two == "/*") {
      ++depth;
      ++i;
    } else if (two == "*/") {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return sql.size();
}

// $tag$ … $tag$; a dollar that opens none is skipped alone.
std::size_t skip_dollar_quoted(std::string_view sql, std::size_t at) {
  if (at > 0 && is_name_character(sql[at - 1])) return at + 1;
  std::size_t end = at + 1;
  while (end < sql.size() && is_name_character(sql[end])) ++end;
  const bool starts_with_digit = end > at + 1 && sql[at + 1] >= '0' && sql[at + 1] <= '9';
  if (end >= sql.size() || sql[end] != '$' || starts_with_digit) return at + 1;
  const std::string_view tag = sql.substr(at, end + 1 - at);
  const auto close = sql.find(tag, end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

std::size_t skip(std::string_view sql, std::size_t at) {
  const std::string_view two = sql.substr(at, 2);
  if (sql[at] == '\'' || sql[at] == '"') return skip_quoted(sql, at);
  if (two == "--") return skip_line_comment(sql, at);
  if (two == "/*") return skip_block_comment(sql, at);
  if (sql[at] == '$') return skip_dollar_quoted(sql, at);
  return at + 1;
}

}  // namespace

NumberedSql number_parameters(std::string_view sql) {
  NumberedSql numbered;
  numbered.text.reserve(sql.size() + 16);
  std::size_t at = 0;
  while (at < sql.size()) {
    if (sql[at] == '?') {
      numbered.text += '$';
      numbered.text += std::to_string(++numbered.parameters);
      ++at;
      continue;
    }
    const std::size_t next = skip(sql, at);
    numbered.text.append(sql.substr(at, next - at));
    at = next;
  }
  return numbered;
}

}  // namespace ciclo::sql
