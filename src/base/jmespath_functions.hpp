// The functions of JMESPath: what each takes, and how it is computed. Private to the jmespath_*.cpp files.
//
// Thread safety: the table is constant; an Evaluation belongs to one search.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "base/jmespath_ast.hpp"

namespace ciclo::jmespath {

// A value while an expression is evaluated: one of the document, of the expression's literals or of the evaluation's
// own store, or a list of such values (the result of a projection, which is not copied together until it must be).
// It is valid as long as the Evaluation.
class Value {
 public:
  using Items = std::vector<const Json*>;

  explicit Value(const Json& json) : json_(&json) {}
  explicit Value(const Items& items) : items_(&items) {}

  bool is_array() const { return items_ != nullptr || json_->is_array(); }
  std::size_t size() const { return items_ != nullptr ? items_->size() : json_->size(); }
  const Json& item(std::size_t i) const { return items_ != nullptr ? *(*items_)[i] : (*json_)[i]; }
  bool is_null() const { return items_ == nullptr && json_->is_null(); }
  // The value itself unless it is a list that was not copied together.
  const Json* json() const { return items_ == nullptr ? json_ : nullptr; }
  std::string_view type_name() const;

 private:
  const Json* json_ = nullptr;
  const Items* items_ = nullptr;
};

bool truthy(const Value& value);

// Ends an evaluation; caught in evaluate().
struct Stop {
  Error error;
};

class Evaluation {
 public:
  explicit Evaluation(std::string_view expression) : expression_(expression) {}

  Value run(const Node& node, Value current);

  // The value as one Json, copied together if need be.
  const Json& whole(Value value);
  Value keep(Json value);
  Value keep(Value::Items items);
  static Value null();
  // Counts work and copies; ends the evaluation when it is too much.
  void spend(std::size_t steps);
  void spend_copy(const Json& value);
  [[noreturn]] void stop(const Node& node, std::string message, ErrorCode code = ErrorCode::invalid) const;

 private:
  Value slice(const Node& node, Value value);
  Value project(const Node& node, Value current);
  Value project_values(const Node& node, Value current);
  Value filter(const Node& node, Value current);
  Value flatten(const Node& node, Value current);
  Value list(const Node& node, Value current);
  Value hash(const Node& node, Value current);
  Value compare(const Node& node, Value current);
  Value call(const Node& node, Value current);
  void add_projected(const Node& right, const Json& item, Value::Items& out);

  std::string_view expression_;
  std::deque<Json> store_;
  std::deque<Value::Items> lists_;
  std::size_t spent_ = 0;
  std::size_t offset_ = 0;
};

// What an argument may be.
enum class ArgumentType : std::uint8_t {
  any,
  number,
  string,
  array,
  object,
  string_or_array,
  string_array_or_object,
  numbers,             // a list of numbers
  strings,             // a list of strings
  numbers_or_strings,  // a list of one or the other
  expression,
};

using Arguments = std::span<const Value>;

// A call with its arguments checked; `expression` is the one that an & argument holds.
struct Call {
  Evaluation& evaluation;
  const Node& node;
  Arguments arguments;
  const Node* expression = nullptr;
};

struct Function {
  std::string_view name;
  std::vector<ArgumentType> arguments;
  bool repeats_last = false;  // any number of the last argument
  Value (*compute)(const Call& call) = nullptr;
};

// Null when there is no such function.
const Function* find_function(std::string_view name);
std::vector<std::string> function_names();
bool fits(ArgumentType type, const Value& value);
std::string_view describe(ArgumentType type);

}  // namespace ciclo::jmespath
