#include "inner_loop/graphql/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace ciclo::graphql {
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80U) return put(code);
  if (code < 0x800U) {
    put(0xC0U | (code >> 6U));
  } else {
    if (code < 0x10000U) {
      put(0xE0U | (code >> 12U));
    } else {
      put(0xF0U | (code >> 18U));
      put(0x80U | ((code >> 12U) & 0x3FU));
    }
    put(0x80U | ((code >> 6U) & 0x3FU));
  }
  put(0x80U | (code & 0x3FU));
}

// Without the indent that all lines but the first have in common, and without empty lines around.
std::string without_indent(const std::string& raw) {
  std::vector<std::string> lines = split(replace_all(replace_all(raw, "\r\n", "\n"), "\r", "\n"), '\n');
  std::size_t common = std::string::npos;
  for (std::size_t i = 1; i < lines.size(); ++i) common = std::min(common, lines[i].find_first_not_of(" \t"));
  for (std::size_t i = 1; i < lines.size() && common != std::string::npos; ++i)
    lines[i].erase(0, std::min(common, lines[i].size()));
  const auto is_blank = [](const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; };
  while (!lines.empty() && is_blank(lines.front())) lines.erase(lines.begin());
  while (!lines.empty() && is_blank(lines.back())) lines.pop_back();
  return join(lines, "\n");
}

}  // namespace

Failure Lexer::error(std::size_t at, std::string_view what) const {
  const std::string_view before = text_.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? at + 1 : at - start;
  return fail(ErrorCode::invalid, fmt::format("Syntax Error: {} (line {}, column {})", what, line, column), "query");
}

void Lexer::skip_ignored() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') ++at_;
    else if (starts_with("\xEF\xBB\xBF")) at_ += 3;
    else if (c == '#') at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    else return;
  }
}

Result<Token> Lexer::next() {
  skip_ignored();
  Token token;
  token.at = at_;
  if (at_ >= text_.size()) return token;
  const char c = text_[at_];
  if (is_name_start(c)) {
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    token.kind = Token::Kind::name;
    token.text = text_.substr(token.at, at_ - token.at);
    return token;
  }
  if (is_digit(c) || c == '-') return read_number();
  if (starts_with("\"\"\"")) return read_block_string();
  if (c == '"') return read_string();
  token.kind = Token::Kind::punctuator;
  token.text = starts_with("...") ? "..." : std::string(1, c);
  if (token.text.size() == 1 && std::string_view("!$&():=@[]{|}").find(c) == std::string_view::npos)
    return error(at_, "unexpected character");
  at_ += token.text.size();
  return token;
}

Result<Token> Lexer::read_number() {
  Token token{.kind = Token::Kind::integer, .text = {}, .at = at_};
  const auto digits = [&] {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ - from;
  };
  if (text_[at_] == '-') ++at_;
  const bool has_zero = at_ < text_.size() && text_[at_] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (has_zero && whole > 1)) return error(token.at, "malformed number");
  if (at_ < text_.size() && text_[at_] == '.') {
    token.kind = Token::Kind::real;
    ++at_;
    if (digits() == 0) return error(token.at, "malformed number");
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    token.kind = Token::Kind::real;
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    if (digits() == 0) return error(token.at, "malformed number");
  }
  if (at_ < text_.size() && (is_name_start(text_[at_]) || text_[at_] == '.')) return error(at_, "malformed number");
  token.text = text_.substr(token.at, at_ - token.at);
  return token;
}

Result<std::uint32_t> Lexer::read_hex4() {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : ' ';
    const bool is_hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_hex) return error(at_, "malformed escape");
    const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  return code;
}

Result<std::string> Lexer::read_escape() {
  const std::size_t from = at_ - 1;
  const char c = at_ < text_.size() ? text_[at_++] : ' ';
  if (c == '"' || c == '\\' || c == '/') return std::string(1, c);
  constexpr std::string_view letters = "bfnrt";
  constexpr std::string_view meant = "\b\f\n\r\t";
  if (const auto index = letters.find(c); index != std::string_view::npos) return std::string(1, meant[index]);
  if (c != 'u') return error(from, "malformed escape");
  CICLO_TRY(std::uint32_t code, read_hex4());
  if (code >= 0xD800U && code < 0xDC00U && starts_with("\\u")) {
    at_ += 2;
    CICLO_TRY(const std::uint32_t low, read_hex4());
    if (low < 0xDC00U || low > 0xDFFFU) return error(from, "malformed escape");
    code = 0x10000U + ((code - 0xD800U) << 10U) + (low - 0xDC00U);
  }
  if (code >= 0xD800U && code <= 0xDFFFU) return error(from, "malformed escape");
  std::string bytes;
  append_utf8(bytes, code);
  return bytes;
}

Result<Token> Lexer::read_string() {
  Token token{.kind = Token::Kind::string, .text = {}, .at = at_};
  ++at_;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return token;
    if (c == '\n' || c == '\r') break;
    if (c != '\\') {
      token.text += c;
      continue;
    }
    CICLO_TRY(const std::string bytes, read_escape());
    token.text += bytes;
  }
  return error(token.at, "unterminated string");
}

Result<Token> Lexer::read_block_string() {
  Token token{.kind = Token::Kind::string, .text = {}, .at = at_};
  constexpr std::string_view quotes = "\"\"\"";
  std::string raw;
  for (at_ += quotes.size(); at_ < text_.size();) {
    if (starts_with(quotes)) {
      at_ += quotes.size();
      token.text = without_indent(raw);
      return token;
    }
    if (starts_with("\\\"\"\"")) {
      raw += quotes;
      at_ += quotes.size() + 1;
    } else {
      raw += text_[at_++];
    }
  }
  return error(token.at, "unterminated string");
}

}  // namespace ciclo::graphql
