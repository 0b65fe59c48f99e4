// The parts of a compiled JMESPath expression. Private to the jmespath_*.cpp files.
//
// Thread safety: immutable once compiled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ciclo::jmespath {

enum class TokenKind : std::uint8_t {
  end,
  identifier,         // foo
  quoted_identifier,  // "foo bar"
  literal,            // `1`, 'raw'
  number,
  dot,
  star,
  current,        // @
  expression_of,  // &
  comma,
  colon,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  left_parenthesis,
  right_parenthesis,
  flatten,  // []
  filter,   // [?
  pipe,
  or_,
  and_,
  not_,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;  // in bytes
  std::string text;        // of identifiers
  Json value;              // of literals and numbers
};

enum class NodeKind : std::uint8_t {
  identity,
  field,          // text
  literal,        // value
  index,          // index
  slice,          // slice
  sub,            // children: left, right; also a pipe
  projection,     // left, right for each item of left
  values,         // left, right for each member's value of left
  filter,         // left, right, condition
  flatten,        // left
  list,           // children
  hash,           // keys, children
  or_,            // left, right
  and_,           // left, right
  not_,           // child
  compare,        // left, right, comparison
  call,           // function, children
  expression_of,  // child; only as an argument
};

struct Slice {
  std::optional<std::int64_t> start, stop, step;
};

struct Function;  // jmespath_functions.hpp

struct Node {
  NodeKind kind = NodeKind::identity;
  std::size_t offset = 0;
  int depth = 1;
  std::vector<std::unique_ptr<Node>> children;
  std::string text;
  Json value;
  std::int64_t index = 0;
  Slice slice;
  std::vector<std::string> keys;
  TokenKind comparison = TokenKind::end;
  const Function* function = nullptr;
};

using NodePtr = std::unique_ptr<Node>;

struct Program {
  std::string text;
  NodePtr root;
};

// How strongly a token binds to what stands left of it; 0 ends an expression.
int power_of(TokenKind kind);
// The token in an error's words ("a name", "'['").
std::string_view describe(TokenKind kind);

// An error at a byte offset of the expression: column and caret are filled in here.
Error error_at(std::string_view expression, std::size_t offset, std::string message,
               ErrorCode code = ErrorCode::invalid);

Result<std::vector<Token>> tokenize(std::string_view expression);
Result<NodePtr> parse(std::string_view expression);
Result<Json> evaluate(const Program& program, const Json& document);

}  // namespace ciclo::jmespath
