#include "inner_loop/tracking/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "base/text.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_text = 16U << 10U;
constexpr int max_comparisons = 200;
constexpr int max_depth = 32;
constexpr std::size_t max_list = 1000;

enum class TokenKind : std::uint8_t { word, quoted_key, text, number, symbol, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  char quote = 0;  // of a text in double quotes, which may also be a key
  std::size_t position = 0;
};

bool is_word_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Keys may hold what MLflow allows unquoted; the entity's dot is found later.
bool is_word_part(char c) {
  return is_word_start(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ':';
}

Failure fail_at(std::size_t position, std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("Invalid filter or order_by at character {}: {}", position + 1, what),
              "filter", "for example: metrics.accuracy > 0.9 AND params.model = 'tree'");
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
      CICLO_TRY(auto token, next());
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::end) return tokens;
    }
  }

 private:
  Result<Token> next() {
    if (at_ >= text_.size()) return Token{.kind = TokenKind::end, .text = {}, .quote = 0, .position = at_};
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') return quoted(c);
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && at_ + 1 < text_.size() &&
                        (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '.')))
      return number();
    if (is_word_start(c)) return word();
    return symbol();
  }

  // A quote within is written twice.
  Result<Token> quoted(char quote) {
    Token token{
        .kind = quote == '`' ? TokenKind::quoted_key : TokenKind::text, .text = {}, .quote = quote, .position = at_};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != quote) {
        token.text += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
        token.text += text_[at_++];
      } else {
        ++at_;
        return token;
      }
    }
    return fail_at(token.position, "the quotation mark is not closed");
  }

  Result<Token> number() {
    const std::size_t begin = at_++;
    const auto takes = [&](char c) {
      const bool after_exponent = text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E';
      return is_digit(c) || c == '.' || c == 'e' || c == 'E' || ((c == '-' || c == '+') && after_exponent);
    };
    while (at_ < text_.size() && takes(text_[at_])) ++at_;
    const std::string_view written = text_.substr(begin, at_ - begin);
    const auto value = parse_double(written.starts_with('+') ? written.substr(1) : written);
    if (!value || !std::isfinite(*value)) return fail_at(begin, fmt::format("'{}' is no number", written));
    return Token{.kind = TokenKind::number, .text = std::string(written), .quote = 0, .position = begin};
  }

  Result<Token> word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word_part(text_[at_])) ++at_;
    return Token{
        .kind = TokenKind::word, .text = std::string(text_.substr(begin, at_ - begin)), .quote = 0, .position = begin};
  }

  Result<Token> symbol() {
    for (const std::string_view known : {"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","}) {
      if (!text_.substr(at_).starts_with(known)) continue;
      Token token{.kind = TokenKind::symbol, .text = std::string(known), .quote = 0, .position = at_};
      at_ += known.size();
      return token;
    }
    return fail_at(at_, fmt::format("'{}' is not understood", text_[at_]));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

constexpr std::array<EntityWord, 14> run_words{{{"metrics", Entity::metric},
                                                {"metric", Entity::metric},
                                                {"params", Entity::param},
                                                {"param", Entity::param},
                                                {"parameters", Entity::param},
                                                {"parameter", Entity::param},
                                                {"tags", Entity::tag},
                                                {"tag", Entity::tag},
                                                {"attributes", Entity::attribute},
                                                {"attribute", Entity::attribute},
                                                {"attr", Entity::attribute},
                                                {"run", Entity::attribute},
                                                {"datasets", Entity::dataset},
                                                {"dataset", Entity::dataset}}};

std::optional<Entity> parse_entity(std::string_view word, const Language& language) {
  const auto found = std::ranges::find(language.entities, to_lower(word), &EntityWord::word);
  if (found == language.entities.end()) return std::nullopt;
  return found->entity;
}

// "metrics, params, tags": each entity by its first word.
std::string entity_list(const Language& language) {
  std::string list;
  for (auto word = language.entities.begin(); word != language.entities.end(); ++word) {
    if (std::find_if(language.entities.begin(), word,
                     [&](const EntityWord& before) { return before.entity == word->entity; }) != word)
      continue;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", word->word);
  }
  return list;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Language& language) : tokens_(std::move(tokens)), language_(language) {}

  Result<Expression> filter() {
    CICLO_TRY(auto expression, any(0));
    if (peek().kind != TokenKind::end) return fail_at(peek().position, "expected AND, OR or the end");
    return expression;
  }

  Result<Order> order() {
    Order order;
    CICLO_CHECK(identifier(order.entity, order.key));
    if (take_word("desc")) {
      order.ascending = false;
    } else {
      take_word("asc");
    }
    if (peek().kind != TokenKind::end) return fail_at(peek().position, "expected ASC, DESC or the end");
    return order;
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  bool take_word(std::string_view word) {
    if (peek().kind != TokenKind::word || !iequals(peek().text, word)) return false;
    ++at_;
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (peek().kind != TokenKind::symbol || peek().text != symbol) return false;
    ++at_;
    return true;
  }

  Result<Expression> any(int depth) {
    CICLO_TRY(auto first, all(depth));
    if (peek().kind != TokenKind::word || !iequals(peek().text, "or")) return first;
    Expression expression{.kind = Expression::Kind::any, .children = {}, .comparison = {}};
    expression.children.push_back(std::move(first));
    while (take_word("or")) {
      CICLO_TRY(auto next, all(depth));
      expression.children.push_back(std::move(next));
    }
    return expression;
  }

  Result<Expression> all(int depth) {
    Expression expression;
    do {
      CICLO_TRY(auto next, term(depth));
      expression.children.push_back(std::move(next));
    } while (take_word("and"));
    if (expression.children.size() == 1) return Expression(std::move(expression.children.front()));
    return expression;
  }

  Result<Expression> term(int depth) {
    if (!take_symbol("(")) return comparison();
    if (depth >= max_depth) return fail_at(peek().position, "too many parentheses");
    CICLO_TRY(auto inner, any(depth + 1));
    if (!take_symbol(")")) return fail_at(peek().position, "expected ')'");
    return inner;
  }

  Result<Expression> comparison() {
    if (++comparisons_ > max_comparisons) return fail_at(peek().position, "more than 200 comparisons");
    Expression expression{.kind = Expression::Kind::comparison, .children = {}, .comparison = {}};
    Comparison& made = expression.comparison;
    CICLO_CHECK(identifier(made.entity, made.key));
    CICLO_TRY(made.comparator, comparator());
    if (made.comparator == Comparator::is_null || made.comparator == Comparator::is_not_null) return expression;
    if (made.comparator == Comparator::in || made.comparator == Comparator::not_in) {
      CICLO_CHECK(list(made.values));
      return expression;
    }
    CICLO_TRY(auto single, value());
    made.values.push_back(std::move(single));
    return expression;
  }

  Result<void> identifier(Entity& entity, std::string& key) {
    const Token token = peek();
    const bool is_key = token.kind == TokenKind::quoted_key || (token.kind == TokenKind::text && token.quote == '"');
    if (token.kind != TokenKind::word && !is_key) {
      return fail_at(token.position, "expected a key such as metrics.accuracy, params.`a b` or tags.team");
    }
    ++at_;
    entity = Entity::attribute;
    key = token.text;
    if (is_key) return {};
    const auto dot = token.text.find('.');
    if (dot == std::string::npos) return {};
    const auto named = parse_entity(std::string_view(token.text).substr(0, dot), language_);
    if (!named) {
      return fail_at(token.position,
                     fmt::format("'{}' is no entity ({})", token.text.substr(0, dot), entity_list(language_)));
    }
    entity = *named;
    key = token.text.substr(dot + 1);
    if (!key.empty() && !key.ends_with('.')) return {};
    const Token& quoted = peek();  // metrics.`a b`: the quoted key follows the dot
    if (quoted.kind != TokenKind::quoted_key && !(quoted.kind == TokenKind::text && quoted.quote == '"')) {
      return fail_at(quoted.position, "expected a key after the dot");
    }
    key += quoted.text;
    ++at_;
    return {};
  }

  Result<Comparator> comparator() {
    constexpr std::array<std::pair<std::string_view, Comparator>, 7> symbols{{{"=", Comparator::equal},
                                                                              {"!=", Comparator::not_equal},
                                                                              {"<>", Comparator::not_equal},
                                                                              {"<", Comparator::less},
                                                                              {"<=", Comparator::less_equal},
                                                                              {">", Comparator::greater},
                                                                              {">=", Comparator::greater_equal}}};
    for (const auto& [symbol, comparator] : symbols)
      if (take_symbol(symbol)) return comparator;
    if (take_word("like")) return Comparator::like;
    if (take_word("ilike")) return Comparator::ilike;
    if (language_.has_rlike && take_word("rlike")) return Comparator::rlike;
    if (take_word("in")) return Comparator::in;
    const std::size_t position = peek().position;
    if (take_word("not") && take_word("in")) return Comparator::not_in;
    if (take_word("is")) {
      const bool negated = take_word("not");
      if (take_word("null")) return negated ? Comparator::is_not_null : Comparator::is_null;
    }
    return fail_at(position, "expected one of = != < <= > >= LIKE ILIKE IN, NOT IN, IS NULL");
  }

  Result<Literal> value() {
    const Token& token = peek();
    if (token.kind == TokenKind::number) {
      ++at_;
      return Literal{.text = token.text,
                     .number = parse_double(token.text.starts_with('+') ? token.text.substr(1) : token.text)};
    }
    if (token.kind == TokenKind::text) {
      ++at_;
      return Literal{.text = token.text, .number = std::nullopt};
    }
    if (token.kind == TokenKind::word && (iequals(token.text, "true") || iequals(token.text, "false"))) {
      ++at_;
      return Literal{.text = to_lower(token.text), .number = std::nullopt};
    }
    return fail_at(token.position, "expected a number or a text in quotation marks");
  }

  Result<void> list(std::vector<Literal>& values) {
    if (!take_symbol("(")) return fail_at(peek().position, "expected '(' and a list of values");
    do {
      if (values.size() >= max_list) return fail_at(peek().position, "more than 1000 values in a list");
      CICLO_TRY(auto next, value());
      values.push_back(std::move(next));
    } while (take_symbol(",") && !(peek().kind == TokenKind::symbol && peek().text == ")"));
    if (!take_symbol(")")) return fail_at(peek().position, "expected ',' or ')'");
    return {};
  }

  std::vector<Token> tokens_;
  const Language& language_;
  std::size_t at_ = 0;
  int comparisons_ = 0;
};

Result<Parser> make_parser(std::string_view text, const Language& language) {
  if (text.size() > max_text) return fail(ErrorCode::invalid, "the filter is longer than 16 KiB", "filter");
  CICLO_TRY(auto tokens, Lexer(text).run());
  return Parser(std::move(tokens), language);
}

}  // namespace

const Language run_language{.entities = run_words, .has_rlike = false};

std::string_view name_of(Entity entity) {
  constexpr std::array<std::string_view, 10> names{"attributes", "metrics", "params",   "tags",        "datasets",
                                                   "metadata",   "span",    "feedback", "expectation", "issue"};
  return names[static_cast<std::size_t>(entity)];
}

std::string_view name_of(Comparator comparator) {
  constexpr std::array<std::string_view, 13> names{"=",     "!=", "<",      "<=",      ">",           ">=",   "LIKE",
                                                   "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL", "RLIKE"};
  return names[static_cast<std::size_t>(comparator)];
}

Result<Expression> parse_filter(std::string_view text, const Language& language) {
  if (trim(text).empty()) return Expression{};
  CICLO_TRY(auto parser, make_parser(text, language));
  return parser.filter();
}

Result<Order> parse_order(std::string_view text, const Language& language) {
  CICLO_TRY(auto parser, make_parser(text, language));
  return parser.order();
}

}  // namespace ciclo::tracking
