#include <fmt/format.h>

#include <algorithm>

#include "base/jmespath.hpp"
#include "base/jmespath_functions.hpp"
#include "base/text.hpp"

namespace ciclo::jmespath {
namespace {

constexpr std::size_t max_bytes = 64U << 10U;
constexpr int max_depth = 256;

// A token that binds less ends the right side of a projection.
constexpr int projection_stop = 10;

NodePtr make(NodeKind kind, std::size_t offset) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->offset = offset;
  return node;
}

void add_child(Node& node, NodePtr child) {
  node.depth = std::max(node.depth, child->depth + 1);
  node.children.push_back(std::move(child));
}

template <class... Children>
NodePtr make(NodeKind kind, std::size_t offset, Children... children) {
  auto node = make(kind, offset);
  (add_child(*node, std::move(children)), ...);
  return node;
}

// Precedence climbing: nud() reads what begins an expression, led() what continues one.
class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens) : text_(text), tokens_(std::move(tokens)) {}

  Result<NodePtr> run() {
    CICLO_TRY(NodePtr root, expression(0));
    if (peek().kind != TokenKind::end) return unexpected("the end");
    return root;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  Failure error(std::size_t offset, std::string message) const {
    return Failure(error_at(text_, offset, std::move(message)));
  }
  Failure unexpected(std::string_view wanted) const {
    return error(peek().offset, fmt::format("expected {}, found {}", wanted, describe(peek().kind)));
  }
  Result<void> expect(TokenKind kind) {
    if (peek().kind != kind) return unexpected(describe(kind));
    take();
    return {};
  }

  Result<NodePtr> expression(int power) {
    if (++nesting_ > max_depth) return error(peek().offset, "the expression is nested too deeply");
    CICLO_TRY(NodePtr left, nud());
    while (power < power_of(peek().kind)) {
      CICLO_TRY(left, led(std::move(left)));
      if (left->depth > max_depth) return error(left->offset, "the expression has too many steps");
    }
    --nesting_;
    return left;
  }

  Result<NodePtr> nud() {
    const std::size_t offset = peek().offset;
    switch (peek().kind) {
      case TokenKind::literal: {
        auto node = make(NodeKind::literal, offset);
        node->value = take().value;
        return node;
      }
      case TokenKind::identifier: return name();
      case TokenKind::quoted_identifier: {
        auto node = field();
        if (peek().kind == TokenKind::left_parenthesis)
          return error(offset, "the name of a function cannot be in quotes");
        return node;
      }
      case TokenKind::star: {
        take();
        CICLO_TRY(NodePtr right, projected(power_of(TokenKind::star)));
        return make(NodeKind::values, offset, make(NodeKind::identity, offset), std::move(right));
      }
      case TokenKind::filter:
      case TokenKind::flatten: return led(make(NodeKind::identity, offset));
      case TokenKind::left_bracket: return bracket();
      case TokenKind::left_brace: return hash();
      case TokenKind::current: take(); return make(NodeKind::identity, offset);
      case TokenKind::not_: {
        take();
        CICLO_TRY(NodePtr child, expression(power_of(TokenKind::not_)));
        return make(NodeKind::not_, offset, std::move(child));
      }
      case TokenKind::left_parenthesis: {
        take();
        CICLO_TRY(NodePtr inner, expression(0));
        CICLO_CHECK(expect(TokenKind::right_parenthesis));
        return inner;
      }
      case TokenKind::expression_of: return error(offset, "'&' is only for an argument of a function");
      default: return unexpected("an expression");
    }
  }

  NodePtr field() {
    const Token& token = take();
    auto node = make(NodeKind::field, token.offset);
    node->text = token.text;
    return node;
  }

  Result<NodePtr> name() {
    if (peek(1).kind == TokenKind::left_parenthesis) return call();
    return field();
  }

  Result<NodePtr> led(NodePtr left) {
    const std::size_t offset = peek().offset;
    const TokenKind kind = peek().kind;
    switch (kind) {
      case TokenKind::dot: take(); return after_dot(std::move(left), offset);
      case TokenKind::left_bracket: return led_bracket(std::move(left));
      case TokenKind::flatten: {
        take();
        CICLO_TRY(NodePtr right, projected(power_of(kind)));
        return make(NodeKind::projection, offset, make(NodeKind::flatten, offset, std::move(left)), std::move(right));
      }
      case TokenKind::filter: {
        take();
        CICLO_TRY(NodePtr condition, expression(0));
        CICLO_CHECK(expect(TokenKind::right_bracket));
        CICLO_TRY(NodePtr right, projected(power_of(kind)));
        return make(NodeKind::filter, offset, std::move(left), std::move(right), std::move(condition));
      }
      case TokenKind::pipe: return binary(NodeKind::sub, std::move(left));
      case TokenKind::or_: return binary(NodeKind::or_, std::move(left));
      case TokenKind::and_: return binary(NodeKind::and_, std::move(left));
      case TokenKind::equal:
      case TokenKind::not_equal:
      case TokenKind::less:
      case TokenKind::less_equal:
      case TokenKind::greater:
      case TokenKind::greater_equal: return binary(NodeKind::compare, std::move(left));
      default: return unexpected("an operator or the end");
    }
  }

  Result<NodePtr> binary(NodeKind kind, NodePtr left) {
    const Token& token = take();
    CICLO_TRY(NodePtr right, expression(power_of(token.kind)));
    auto node = make(kind, token.offset, std::move(left), std::move(right));
    if (kind == NodeKind::compare) node->comparison = token.kind;
    return node;
  }

  Result<NodePtr> after_dot(NodePtr left, std::size_t offset) {
    if (peek().kind == TokenKind::star) {
      take();
      CICLO_TRY(NodePtr right, projected(power_of(TokenKind::star)));
      return make(NodeKind::values, offset, std::move(left), std::move(right));
    }
    CICLO_TRY(NodePtr right, dot_right(power_of(TokenKind::dot)));
    return make(NodeKind::sub, offset, std::move(left), std::move(right));
  }

  Result<NodePtr> dot_right(int power) {
    switch (peek().kind) {
      case TokenKind::identifier:
      case TokenKind::quoted_identifier:
      case TokenKind::star: return expression(power);
      case TokenKind::left_bracket: return list();
      case TokenKind::left_brace: return hash();
      default: return unexpected("a name, '*', '[' or '{' after '.'");
    }
  }

  // What is done with each item of a projection.
  Result<NodePtr> projected(int power) {
    const std::size_t offset = peek().offset;
    if (power_of(peek().kind) < projection_stop) return make(NodeKind::identity, offset);
    switch (peek().kind) {
      case TokenKind::left_bracket:
      case TokenKind::filter: return bracket_of_item(power);
      case TokenKind::dot: take(); return dot_right(power);
      default: return unexpected("'.', '[' or an operator");
    }
  }

  // The bracket or filter that comes next, and what continues it as in expression().
  Result<NodePtr> bracket_of_item(int power) {
    if (++nesting_ > max_depth) return error(peek().offset, "the expression is nested too deeply");
    CICLO_TRY(NodePtr left, led(make(NodeKind::identity, peek().offset)));
    while (power < power_of(peek().kind)) {
      CICLO_TRY(left, led(std::move(left)));
      if (left->depth > max_depth) return error(left->offset, "the expression has too many steps");
    }
    --nesting_;
    return left;
  }

  // '[' at the beginning of an expression: index, slice, [*] or a list of expressions.
  Result<NodePtr> bracket() {
    const TokenKind next = peek(1).kind;
    if (next == TokenKind::number || next == TokenKind::colon)
      return led_bracket(make(NodeKind::identity, peek().offset));
    if (next == TokenKind::star && peek(2).kind == TokenKind::right_bracket)
      return led_bracket(make(NodeKind::identity, peek().offset));
    return list();
  }

  Result<NodePtr> led_bracket(NodePtr left) {
    const std::size_t offset = take().offset;
    if (peek().kind == TokenKind::star) {
      take();
      CICLO_CHECK(expect(TokenKind::right_bracket));
      CICLO_TRY(NodePtr right, projected(power_of(TokenKind::star)));
      return make(NodeKind::projection, offset, std::move(left), std::move(right));
    }
    if (peek().kind != TokenKind::number && peek().kind != TokenKind::colon) return unexpected("a number, ':' or '*'");
    if (peek().kind == TokenKind::number && peek(1).kind == TokenKind::right_bracket) {
      auto index = make(NodeKind::index, offset);
      index->index = take().value.get<std::int64_t>();
      take();
      return make(NodeKind::sub, offset, std::move(left), std::move(index));
    }
    CICLO_TRY(NodePtr slice, slice_from(offset));
    CICLO_TRY(NodePtr right, projected(power_of(TokenKind::star)));
    return make(NodeKind::projection, offset, make(NodeKind::sub, offset, std::move(left), std::move(slice)),
                std::move(right));
  }

  Result<NodePtr> slice_from(std::size_t offset) {
    auto node = make(NodeKind::slice, offset);
    std::array<std::optional<std::int64_t>*, 3> parts = {&node->slice.start, &node->slice.stop, &node->slice.step};
    std::size_t part = 0;
    while (peek().kind != TokenKind::right_bracket) {
      if (peek().kind == TokenKind::colon) {
        if (++part == parts.size()) return unexpected("a number or ']'");
        take();
      } else if (peek().kind == TokenKind::number && !parts[part]->has_value()) {
        const Token& token = take();
        *parts[part] = token.value.get<std::int64_t>();
        if (part == 2 && **parts[part] == 0) return error(token.offset, "the step of a slice cannot be 0");
        if (peek().kind != TokenKind::colon && peek().kind != TokenKind::right_bracket) return unexpected("':' or ']'");
      } else {
        return unexpected("a number, ':' or ']'");
      }
    }
    take();
    return node;
  }

  Result<NodePtr> list() {
    auto node = make(NodeKind::list, take().offset);
    while (true) {
      CICLO_TRY(NodePtr item, expression(0));
      add_child(*node, std::move(item));
      if (peek().kind == TokenKind::right_bracket) break;
      if (peek().kind != TokenKind::comma) return unexpected("',' or ']'");
      take();
    }
    take();
    return node;
  }

  Result<NodePtr> hash() {
    auto node = make(NodeKind::hash, take().offset);
    while (true) {
      if (peek().kind != TokenKind::identifier && peek().kind != TokenKind::quoted_identifier)
        return unexpected("a key");
      node->keys.push_back(take().text);
      CICLO_CHECK(expect(TokenKind::colon));
      CICLO_TRY(NodePtr value, expression(0));
      add_child(*node, std::move(value));
      if (peek().kind == TokenKind::right_brace) break;
      if (peek().kind != TokenKind::comma) return unexpected("',' or '}'");
      take();
    }
    take();
    return node;
  }

  Result<NodePtr> argument() {
    if (peek().kind != TokenKind::expression_of) return expression(0);
    const std::size_t offset = take().offset;
    CICLO_TRY(NodePtr child, expression(0));
    return make(NodeKind::expression_of, offset, std::move(child));
  }

  Result<NodePtr> call() {
    const Token& name = take();
    auto node = make(NodeKind::call, name.offset);
    node->text = name.text;
    node->function = find_function(name.text);
    if (node->function == nullptr) {
      const auto near = nearest(name.text, function_names());
      return error(name.offset, fmt::format("there is no function '{}'{}", name.text.substr(0, 80),
                                            near ? fmt::format("; did you mean '{}'?", *near) : ""));
    }
    take();
    while (peek().kind != TokenKind::right_parenthesis) {
      CICLO_TRY(NodePtr one, argument());
      add_child(*node, std::move(one));
      if (peek().kind == TokenKind::right_parenthesis) break;
      if (peek().kind != TokenKind::comma) return unexpected("',' or ')'");
      take();
      if (peek().kind == TokenKind::right_parenthesis) return unexpected("an expression");
    }
    take();
    CICLO_CHECK(check_arguments(*node));
    return node;
  }

  Result<void> check_arguments(const Node& call) const {
    const Function& function = *call.function;
    const std::size_t wanted = function.arguments.size();
    const std::size_t given = call.children.size();
    if (given < wanted || (given > wanted && !function.repeats_last))
      return error(call.offset,
                   fmt::format("{}() takes {}{} argument{}, found {}", function.name,
                               function.repeats_last ? "at least " : "", wanted, wanted == 1 ? "" : "s", given));
    for (std::size_t i = 0; i < given; ++i) {
      const bool wants_expression = function.arguments[std::min(i, wanted - 1)] == ArgumentType::expression;
      const Node& argument = *call.children[i];
      if (wants_expression && argument.kind != NodeKind::expression_of)
        return error(argument.offset,
                     fmt::format("argument {} of {}() must be an expression such as &name", i + 1, function.name));
      if (!wants_expression && argument.kind == NodeKind::expression_of)
        return error(argument.offset,
                     fmt::format("argument {} of {}() must be a value, not an expression", i + 1, function.name));
    }
    return {};
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

Result<NodePtr> parse(std::string_view expression) {
  if (expression.size() > max_bytes)
    return fail(ErrorCode::too_large,
                fmt::format("the expression has {} bytes; at most {} are taken", expression.size(), max_bytes));
  CICLO_TRY(auto tokens, tokenize(expression));
  return Parser(expression, std::move(tokens)).run();
}

}  // namespace ciclo::jmespath

namespace ciclo {

Result<JmesPath> JmesPath::compile(std::string_view expression) {
  auto program = std::make_shared<jmespath::Program>();
  program->text = expression;
  CICLO_TRY(program->root, jmespath::parse(program->text));
  return JmesPath(std::move(program));
}

Result<Json> JmesPath::search(const Json& document) const {
  return jmespath::evaluate(*program_, document);
}

std::string_view JmesPath::text() const {
  return program_->text;
}

}  // namespace ciclo
