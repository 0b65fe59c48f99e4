// JMESPath (jmespath.org/specification.html): the one expression language of the product, for --query, event filters,
// policy and alert conditions.
//
// As in the implementation that `az` uses, two things are accepted beyond the specification, because users' scripts
// rely on them: strings can be ordered (<, <=, >, >=), and a literal in backticks that is no JSON is taken as a string
// (`dev`). Integers stay integers through abs, ceil, floor, min, max and sum.
//
// Errors have ErrorCode::invalid, the target "column N" (from 1, in characters) and a hint that repeats the expression
// with a caret under that place. Names and numbers of arguments of functions are checked by compile(). An evaluation
// that would make more than some millions of values fails with ErrorCode::too_large.
//
// Thread safety: a compiled expression may be used from any thread at a time.
#pragma once

#include <memory>
#include <string_view>

#include "base/json.hpp"

namespace ciclo {

namespace jmespath {
struct Program;
}  // namespace jmespath

class JmesPath {
 public:
  // At most 64 KiB of text and 256 levels of nesting.
  static Result<JmesPath> compile(std::string_view expression);

  // Nothing of `document` is copied but the result.
  Result<Json> search(const Json& document) const;

  std::string_view text() const;

 private:
  explicit JmesPath(std::shared_ptr<const jmespath::Program> program) : program_(std::move(program)) {}

  std::shared_ptr<const jmespath::Program> program_;
};

// Whether JMESPath takes a value for true: everything but null, false, and empty strings, lists and objects.
bool is_truthy(const Json& value);

}  // namespace ciclo
