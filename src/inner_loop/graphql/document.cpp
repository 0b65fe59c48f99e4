#include "inner_loop/graphql/document.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "inner_loop/graphql/lexer.hpp"

namespace ciclo::graphql {
namespace {

constexpr std::size_t max_bytes = 64U << 10U;
constexpr int max_nesting = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Document> document() {
    CICLO_CHECK(advance());
    Document document;
    while (token_.kind != Token::Kind::end) {
      if (is_name("fragment")) {
        CICLO_TRY(auto fragment, read_fragment());
        document.fragments.push_back(std::move(fragment));
      } else {
        CICLO_TRY(auto operation, read_operation());
        document.operations.push_back(std::move(operation));
      }
    }
    if (document.operations.empty()) return lexer_.error(token_.at, "there is no operation");
    return document;
  }

 private:
  using Kind = Token::Kind;

  bool is(std::string_view punctuator) const { return token_.kind == Kind::punctuator && token_.text == punctuator; }
  bool is_name(std::string_view name) const { return token_.kind == Kind::name && token_.text == name; }
  Result<void> advance() {
    CICLO_TRY(token_, lexer_.next());
    return {};
  }
  Failure unexpected_token(std::string_view expected) const {
    const std::string found = token_.kind == Kind::end ? "the end" : fmt::format("'{}'", token_.text.substr(0, 40));
    return lexer_.error(token_.at, fmt::format("expected {}, found {}", expected, found));
  }
  // Takes the punctuator when it is next; whether it was.
  Result<bool> take(std::string_view punctuator) {
    if (!is(punctuator)) return false;
    CICLO_CHECK(advance());
    return true;
  }
  Result<void> need(std::string_view punctuator) {
    if (!is(punctuator)) return unexpected_token(fmt::format("'{}'", punctuator));
    return advance();
  }
  Result<std::string> need_name() {
    if (token_.kind != Kind::name) return unexpected_token("a name");
    std::string name = std::move(token_.text);
    CICLO_CHECK(advance());
    return name;
  }

  Result<Operation> read_operation() {
    Operation operation;
    if (is("{")) {
      CICLO_TRY(operation.selections, read_selections());
      return operation;
    }
    if (is_name("subscription")) return lexer_.error(token_.at, "subscriptions are not offered");
    if (!is_name("query") && !is_name("mutation")) return unexpected_token("a query, a mutation or a fragment");
    operation.is_mutation = is_name("mutation");
    CICLO_CHECK(advance());
    if (token_.kind == Kind::name) {
      CICLO_TRY(operation.name, need_name());
    }
    CICLO_TRY(const bool has_variables, take("("));
    while (has_variables) {
      CICLO_TRY(const bool is_end, take(")"));
      if (is_end) break;
      CICLO_TRY(auto variable, read_variable());
      operation.variables.push_back(std::move(variable));
    }
    CICLO_CHECK(read_directives());
    CICLO_TRY(operation.selections, read_selections());
    return operation;
  }

  Result<Variable> read_variable() {
    Variable variable;
    CICLO_CHECK(need("$"));
    CICLO_TRY(variable.name, need_name());
    CICLO_CHECK(need(":"));
    CICLO_TRY(variable.type, read_type());
    CICLO_TRY(const bool has_default, take("="));
    if (has_default) {
      const std::size_t at = token_.at;
      CICLO_TRY(const Value value, read_value());
      auto literal = constant(value);
      if (!literal) return lexer_.error(at, "a default holds no variables");
      variable.otherwise = std::move(*literal);
    }
    CICLO_CHECK(read_directives());
    return variable;
  }

  static std::optional<Json> constant(const Value& value) {
    if (value.kind == Value::Kind::variable) return std::nullopt;
    if (value.kind == Value::Kind::literal) return value.literal;
    Json built = value.kind == Value::Kind::list ? Json::array() : Json::object();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      auto item = constant(value.items[i]);
      if (!item) return std::nullopt;
      if (value.kind == Value::Kind::list) built.push_back(std::move(*item));
      else built[value.keys[i]] = std::move(*item);
    }
    return built;
  }

  Result<std::string> read_type() {
    CICLO_CHECK(enter());
    std::string type;
    CICLO_TRY(const bool is_list, take("["));
    if (is_list) {
      CICLO_TRY(const std::string item, read_type());
      CICLO_CHECK(need("]"));
      type = "[" + item + "]";
    } else {
      CICLO_TRY(type, need_name());
    }
    CICLO_TRY(const bool is_required, take("!"));
    --nesting_;
    return is_required ? type + "!" : type;
  }

  Result<Fragment> read_fragment() {
    Fragment fragment;
    CICLO_CHECK(advance());
    if (is_name("on")) return unexpected_token("the fragment's name");
    CICLO_TRY(fragment.name, need_name());
    if (!is_name("on")) return unexpected_token("'on'");
    CICLO_CHECK(advance());
    CICLO_TRY(fragment.condition, need_name());
    CICLO_CHECK(read_directives());
    CICLO_TRY(fragment.selections, read_selections());
    return fragment;
  }

  Result<void> enter() {
    if (++nesting_ > max_nesting) return lexer_.error(token_.at, "it is nested too deeply");
    return {};
  }

  Result<std::vector<Selection>> read_selections() {
    CICLO_CHECK(enter());
    CICLO_CHECK(need("{"));
    std::vector<Selection> selections;
    for (;;) {
      CICLO_TRY(const bool is_end, take("}"));
      if (is_end) break;
      CICLO_TRY(auto selection, read_selection());
      selections.push_back(std::move(selection));
    }
    if (selections.empty()) return lexer_.error(token_.at, "nothing is selected");
    --nesting_;
    return selections;
  }

  Result<Selection> read_selection() {
    Selection selection;
    CICLO_TRY(const bool is_fragment, take("..."));
    if (is_fragment && token_.kind == Kind::name && token_.text != "on") {
      selection.kind = Selection::Kind::spread;
      CICLO_TRY(selection.name, need_name());
      CICLO_TRY(selection.directives, read_directives());
      return selection;
    }
    if (is_fragment) {
      selection.kind = Selection::Kind::inline_fragment;
      if (is_name("on")) {
        CICLO_CHECK(advance());
        CICLO_TRY(selection.condition, need_name());
      }
      CICLO_TRY(selection.directives, read_directives());
      CICLO_TRY(selection.selections, read_selections());
      return selection;
    }
    CICLO_TRY(selection.name, need_name());
    CICLO_TRY(const bool has_alias, take(":"));
    if (has_alias) {
      selection.alias = std::move(selection.name);
      CICLO_TRY(selection.name, need_name());
    }
    CICLO_TRY(selection.arguments, read_arguments());
    CICLO_TRY(selection.directives, read_directives());
    if (is("{")) {
      CICLO_TRY(selection.selections, read_selections());
    }
    return selection;
  }

  Result<std::vector<Argument>> read_arguments() {
    std::vector<Argument> arguments;
    CICLO_TRY(const bool has_any, take("("));
    while (has_any) {
      CICLO_TRY(const bool is_end, take(")"));
      if (is_end) break;
      Argument argument;
      CICLO_TRY(argument.name, need_name());
      CICLO_CHECK(need(":"));
      CICLO_TRY(argument.value, read_value());
      arguments.push_back(std::move(argument));
    }
    return arguments;
  }

  Result<std::vector<Directive>> read_directives() {
    std::vector<Directive> directives;
    for (;;) {
      CICLO_TRY(const bool is_one, take("@"));
      if (!is_one) return directives;
      Directive directive;
      CICLO_TRY(directive.name, need_name());
      CICLO_TRY(directive.arguments, read_arguments());
      directives.push_back(std::move(directive));
    }
  }

  Result<Value> read_value() {
    CICLO_CHECK(enter());
    Value value;
    if (is("[") || is("{")) {
      CICLO_TRY(value, read_items());
    } else if (is("$")) {
      CICLO_CHECK(advance());
      value.kind = Value::Kind::variable;
      CICLO_TRY(value.variable, need_name());
    } else {
      CICLO_TRY(value.literal, read_literal());
    }
    --nesting_;
    return value;
  }

  Result<Value> read_items() {
    Value value;
    const bool is_list = is("[");
    value.kind = is_list ? Value::Kind::list : Value::Kind::object;
    CICLO_CHECK(advance());
    for (;;) {
      CICLO_TRY(const bool is_end, take(is_list ? "]" : "}"));
      if (is_end) return value;
      if (!is_list) {
        CICLO_TRY(auto key, need_name());
        value.keys.push_back(std::move(key));
        CICLO_CHECK(need(":"));
      }
      CICLO_TRY(auto item, read_value());
      value.items.push_back(std::move(item));
    }
  }

  Result<Json> read_literal() {
    Json literal;
    if (token_.kind == Kind::integer) {
      const auto number = parse_int(token_.text);
      if (!number) return lexer_.error(token_.at, "the number is too large");
      literal = *number;
    } else if (token_.kind == Kind::real) {
      const auto number = parse_double(token_.text);
      if (!number) return lexer_.error(token_.at, "the number is too large");
      literal = *number;
    } else if (token_.kind == Kind::string) {
      literal = token_.text;
    } else if (token_.kind == Kind::name) {
      if (token_.text == "true" || token_.text == "false") literal = token_.text == "true";
      else if (token_.text != "null") literal = token_.text;
    } else {
      return unexpected_token("a value");
    }
    CICLO_CHECK(advance());
    return literal;
  }

  Lexer lexer_;
  Token token_;
  int nesting_ = 0;
};

}  // namespace

const Fragment* Document::find_fragment(std::string_view name) const {
  for (const Fragment& fragment : fragments)
    if (fragment.name == name) return &fragment;
  return nullptr;
}

Result<Document> parse_document(std::string_view text) {
  if (text.size() > max_bytes)
    return fail(ErrorCode::invalid, fmt::format("the query is longer than {} bytes", max_bytes), "query");
  return Parser(text).document();
}

}  // namespace ciclo::graphql
