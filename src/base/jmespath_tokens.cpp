#include "base/jmespath_ast.hpp"

namespace ciclo::jmespath {

int power_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::pipe: return 1;
    case TokenKind::or_: return 2;
    case TokenKind::and_: return 3;
    case TokenKind::equal:
    case TokenKind::not_equal:
    case TokenKind::less:
    case TokenKind::less_equal:
    case TokenKind::greater:
    case TokenKind::greater_equal: return 5;
    case TokenKind::flatten: return 9;
    case TokenKind::star: return 20;
    case TokenKind::filter: return 21;
    case TokenKind::dot: return 40;
    case TokenKind::not_: return 45;
    case TokenKind::left_brace: return 50;
    case TokenKind::left_bracket: return 55;
    case TokenKind::left_parenthesis: return 60;
    default: return 0;
  }
}

std::string_view describe(TokenKind kind) {
  switch (kind) {
    case TokenKind::end: return "the end";
    case TokenKind::identifier: return "a name";
    case TokenKind::quoted_identifier: return "a quoted name";
    case TokenKind::literal: return "a literal";
    case TokenKind::number: return "a number";
    case TokenKind::dot: return "'.'";
    case TokenKind::star: return "'*'";
    case TokenKind::current: return "'@'";
    case TokenKind::expression_of: return "'&'";
    case TokenKind::comma: return "','";
    case TokenKind::colon: return "':'";
    case TokenKind::left_bracket: return "'['";
    case TokenKind::right_bracket: return "']'";
    case TokenKind::left_brace: return "'{'";
    case TokenKind::right_brace: return "'}'";
    case TokenKind::left_parenthesis: return "'('";
    case TokenKind::right_parenthesis: return "')'";
    case TokenKind::flatten: return "'[]'";
    case TokenKind::filter: return "'[?'";
    case TokenKind::pipe: return "'|'";
    case TokenKind::or_: return "'||'";
    case TokenKind::and_: return "'&&'";
    case TokenKind::not_: return "'!'";
    default: return "a comparison";
  }
}

}  // namespace ciclo::jmespath
