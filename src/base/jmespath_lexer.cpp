#include <fmt/format.h>

#include <array>

#include "base/jmespath_ast.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace ciclo::jmespath {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool begins_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

struct Symbol {
  std::string_view text;
  TokenKind kind;
};

// Longer ones first.
constexpr std::array symbols = {
    Symbol{"[]", TokenKind::flatten},
    Symbol{"[?", TokenKind::filter},
    Symbol{"||", TokenKind::or_},
    Symbol{"&&", TokenKind::and_},
    Symbol{"==", TokenKind::equal},
    Symbol{"!=", TokenKind::not_equal},
    Symbol{"<=", TokenKind::less_equal},
    Symbol{">=", TokenKind::greater_equal},
    Symbol{"<", TokenKind::less},
    Symbol{">", TokenKind::greater},
    Symbol{"!", TokenKind::not_},
    Symbol{"|", TokenKind::pipe},
    Symbol{"&", TokenKind::expression_of},
    Symbol{".", TokenKind::dot},
    Symbol{"*", TokenKind::star},
    Symbol{"@", TokenKind::current},
    Symbol{",", TokenKind::comma},
    Symbol{":", TokenKind::colon},
    Symbol{"[", TokenKind::left_bracket},
    Symbol{"]", TokenKind::right_bracket},
    Symbol{"{", TokenKind::left_brace},
    Symbol{"}", TokenKind::right_brace},
    Symbol{"(", TokenKind::left_parenthesis},
    Symbol{")", TokenKind::right_parenthesis},
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      at_ = text_.find_first_not_of(" \t\r\n", at_);
      if (at_ == std::string_view::npos) break;
      CICLO_TRY(Token token, next());
      tokens.push_back(std::move(token));
    }
    tokens.push_back(Token{TokenKind::end, text_.size(), {}, nullptr});
    return tokens;
  }

 private:
  Result<Token> next() {
    const char c = text_[at_];
    if (begins_identifier(c)) return identifier();
    if (is_digit(c) || c == '-') return number();
    if (c == '"') return quoted_identifier();
    if (c == '\'') return raw_string();
    if (c == '`') return literal();
    for (const Symbol& symbol : symbols) {
      if (!text_.substr(at_).starts_with(symbol.text)) continue;
      Token token{symbol.kind, at_, {}, nullptr};
      at_ += symbol.text.size();
      return token;
    }
    if (c == '=') return error("unexpected '='; to compare write '=='");
    return error("this character has no meaning here");
  }

  Failure error(std::string message) const { return Failure(error_at(text_, at_, std::move(message))); }

  Token identifier() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (begins_identifier(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return Token{TokenKind::identifier, start, std::string(text_.substr(start, at_ - start)), nullptr};
  }

  Result<Token> number() {
    const std::size_t start = at_;
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    const auto value = parse_int(text_.substr(start, end - start));
    if (!value) return error("expected a whole number of at most 18 digits");
    at_ = end;
    return Token{TokenKind::number, start, {}, *value};
  }

  // The text up to the closing `quote`, which is consumed; a backslash keeps the next character from closing.
  Result<std::string_view> quoted(char quote, std::string_view what) {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') ++i;
      else if (text_[i] == quote) {
        const std::string_view inside = text_.substr(at_ + 1, i - at_ - 1);
        at_ = i + 1;
        return inside;
      }
    }
    return error(fmt::format("the {} is never closed", what));
  }

  Result<Token> quoted_identifier() {
    const std::size_t start = at_;
    CICLO_TRY(const std::string_view inside, quoted('"', "quoted name"));
    auto value = parse_json(fmt::format("\"{}\"", inside));
    if (!value) {
      at_ = start;
      return error("the quoted name is not a valid JSON string");
    }
    return Token{TokenKind::quoted_identifier, start, value->get<std::string>(), nullptr};
  }

  Result<Token> raw_string() {
    const std::size_t start = at_;
    CICLO_TRY(const std::string_view inside, quoted('\'', "string"));
    return Token{TokenKind::literal, start, {}, replace_all(std::string(inside), "\\'", "'")};
  }

  Result<Token> literal() {
    const std::size_t start = at_;
    CICLO_TRY(const std::string_view inside, quoted('`', "literal"));
    const std::string text = replace_all(std::string(inside), "\\`", "`");
    auto value = parse_json(text);
    // What is no JSON is taken as a string, unless it begins as JSON does.
    const std::string_view bare = trim(text);
    if (!value && bare.find_first_of("[{\"") != 0) value = parse_json(fmt::format("\"{}\"", bare));
    if (!value) {
      at_ = start;
      return error("the literal is not valid JSON");
    }
    return Token{TokenKind::literal, start, {}, *std::move(value)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Error error_at(std::string_view expression, std::size_t offset, std::string message, ErrorCode code) {
  offset = std::min(offset, expression.size());
  const std::size_t column = count_code_points(expression.substr(0, offset));
  // The caret stands under its place only when the shown part is one line and not too long.
  constexpr std::size_t shown_before = 60;
  constexpr std::size_t shown_after = 40;
  std::size_t from = offset > shown_before ? offset - shown_before : 0;
  while (from > 0 && (static_cast<unsigned char>(expression[from]) & 0xC0U) == 0x80U) --from;
  std::string line = to_utf8(expression.substr(from, offset - from + shown_after));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20U) c = ' ';
  std::string caret(count_code_points(expression.substr(from, offset - from)), ' ');
  return Error{code, std::move(message), fmt::format("column {}", column + 1), fmt::format("{}\n{}^", line, caret), {}};
}

Result<std::vector<Token>> tokenize(std::string_view expression) {
  return Lexer(expression).run();
}

}  // namespace ciclo::jmespath
