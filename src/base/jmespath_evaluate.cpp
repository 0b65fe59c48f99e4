#include <fmt/format.h>

#include <algorithm>

#include "base/jmespath.hpp"
#include "base/jmespath_functions.hpp"
#include "base/text.hpp"

namespace ciclo::jmespath {
namespace {

// Values made or visited by one search; a second or two at most, and a few hundred megabytes. Eight bytes of text
// count as one.
constexpr std::size_t max_steps = 5'000'000;

const Json null_value = nullptr;

std::size_t weight_of(const Json& value) {
  std::size_t weight = 1;
  if (value.is_string()) return weight + value.get_ref<const std::string&>().size() / 8;
  if (value.is_structured())
    for (const Json& child : value) weight += weight_of(child);
  return weight;
}

// "array of number and string": for lists it is the items that do not fit.
std::string describe_found(const Value& value) {
  if (!value.is_array() || value.size() == 0) return std::string(value.type_name());
  std::vector<std::string> types;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string type = value.item(i).type_name();
    if (std::ranges::find(types, type) == types.end()) types.push_back(type);
  }
  return fmt::format("{} of {}", value.type_name(), join(types, " and "));
}

// Where a slice begins or ends, cut to the list.
std::int64_t clamp_index(std::int64_t index, std::int64_t size, bool backward) {
  if (index < 0) {
    index += size;
    if (index < 0) return backward ? -1 : 0;
  }
  if (index >= size) return backward ? size - 1 : size;
  return index;
}

}  // namespace

std::string_view Value::type_name() const {
  if (items_ != nullptr) return "array";
  return json_->type_name();
}

bool truthy(const Value& value) {
  if (value.json() != nullptr) return is_truthy(*value.json());
  return value.size() > 0;
}

Value Evaluation::null() {
  return Value(null_value);
}

Value Evaluation::keep(Json value) {
  return Value(store_.emplace_back(std::move(value)));
}

Value Evaluation::keep(Value::Items items) {
  return Value(lists_.emplace_back(std::move(items)));
}

void Evaluation::spend(std::size_t steps) {
  spent_ += steps;
  if (spent_ > max_steps)
    throw Stop{error_at(expression_, offset_, "the result of the expression is too large", ErrorCode::too_large)};
}

void Evaluation::spend_copy(const Json& value) {
  spend(weight_of(value));
}

void Evaluation::stop(const Node& node, std::string message, ErrorCode code) const {
  throw Stop{error_at(expression_, node.offset, std::move(message), code)};
}

const Json& Evaluation::whole(Value value) {
  if (value.json() != nullptr) return *value.json();
  Json::array_t items;
  items.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    spend_copy(value.item(i));
    items.push_back(value.item(i));
  }
  return *keep(Json(std::move(items))).json();
}

Value Evaluation::run(const Node& node, Value current) {
  offset_ = node.offset;
  spend(1);
  switch (node.kind) {
    case NodeKind::identity: return current;
    case NodeKind::field: return current.json() == nullptr ? null() : Value(member(*current.json(), node.text));
    case NodeKind::literal: return Value(node.value);
    case NodeKind::index: {
      if (!current.is_array()) return null();
      const auto size = static_cast<std::int64_t>(current.size());
      const std::int64_t index = node.index < 0 ? node.index + size : node.index;
      return index < 0 || index >= size ? null() : Value(current.item(static_cast<std::size_t>(index)));
    }
    case NodeKind::slice: return slice(node, current);
    case NodeKind::sub: return run(*node.children[1], run(*node.children[0], current));
    case NodeKind::projection: return project(node, current);
    case NodeKind::values: return project_values(node, current);
    case NodeKind::filter: return filter(node, current);
    case NodeKind::flatten: return flatten(node, current);
    case NodeKind::list: return list(node, current);
    case NodeKind::hash: return hash(node, current);
    case NodeKind::or_: {
      const Value left = run(*node.children[0], current);
      return truthy(left) ? left : run(*node.children[1], current);
    }
    case NodeKind::and_: {
      const Value left = run(*node.children[0], current);
      return truthy(left) ? run(*node.children[1], current) : left;
    }
    case NodeKind::not_: return keep(!truthy(run(*node.children[0], current)));
    case NodeKind::compare: return compare(node, current);
    case NodeKind::call: return call(node, current);
    case NodeKind::expression_of: return null();
  }
  return null();
}

Value Evaluation::slice(const Node& node, Value value) {
  if (!value.is_array()) return null();
  const auto size = static_cast<std::int64_t>(value.size());
  const std::int64_t step = node.slice.step.value_or(1);
  const bool backward = step < 0;
  const std::int64_t start =
      node.slice.start ? clamp_index(*node.slice.start, size, backward) : (backward ? size - 1 : 0);
  const std::int64_t stop = node.slice.stop ? clamp_index(*node.slice.stop, size, backward) : (backward ? -1 : size);
  Value::Items items;
  for (std::int64_t i = start; backward ? i > stop : i < stop;) {
    items.push_back(&value.item(static_cast<std::size_t>(i)));
    // A huge step must not overflow the sum.
    if (backward ? step < stop - i : step > stop - i) break;
    i += step;
  }
  spend(items.size());
  return keep(std::move(items));
}

void Evaluation::add_projected(const Node& right, const Json& item, Value::Items& out) {
  const Value result = run(right, Value(item));
  if (!result.is_null()) out.push_back(&whole(result));
}

Value Evaluation::project(const Node& node, Value current) {
  const Value left = run(*node.children[0], current);
  if (!left.is_array()) return null();
  Value::Items items;
  for (std::size_t i = 0; i < left.size(); ++i) add_projected(*node.children[1], left.item(i), items);
  return keep(std::move(items));
}

Value Evaluation::project_values(const Node& node, Value current) {
  const Value left = run(*node.children[0], current);
  if (left.json() == nullptr || !left.json()->is_object()) return null();
  Value::Items items;
  for (const Json& value : *left.json()) add_projected(*node.children[1], value, items);
  return keep(std::move(items));
}

Value Evaluation::filter(const Node& node, Value current) {
  const Value left = run(*node.children[0], current);
  if (!left.is_array()) return null();
  Value::Items items;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Json& item = left.item(i);
    if (truthy(run(*node.children[2], Value(item)))) add_projected(*node.children[1], item, items);
  }
  return keep(std::move(items));
}

Value Evaluation::flatten(const Node& node, Value current) {
  const Value left = run(*node.children[0], current);
  if (!left.is_array()) return null();
  Value::Items items;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Json& item = left.item(i);
    if (item.is_array()) {
      for (const Json& inner : item) items.push_back(&inner);
      spend(item.size());
    } else {
      items.push_back(&item);
    }
  }
  return keep(std::move(items));
}

Value Evaluation::list(const Node& node, Value current) {
  if (current.is_null()) return null();
  Value::Items items;
  for (const NodePtr& child : node.children) items.push_back(&whole(run(*child, current)));
  return keep(std::move(items));
}

Value Evaluation::hash(const Node& node, Value current) {
  if (current.is_null()) return null();
  Json object = Json::object();
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Json& value = whole(run(*node.children[i], current));
    spend_copy(value);
    object[node.keys[i]] = value;
  }
  return keep(std::move(object));
}

Value Evaluation::compare(const Node& node, Value current) {
  const Json& left = whole(run(*node.children[0], current));
  const Json& right = whole(run(*node.children[1], current));
  if (node.comparison == TokenKind::equal || node.comparison == TokenKind::not_equal) {
    if (left.is_structured() && right.is_structured()) spend_copy(left);
    return keep(equal_values(left, right) == (node.comparison == TokenKind::equal));
  }
  int order = 0;
  if (left.is_number() && right.is_number()) order = compare_numbers(left, right);
  else if (left.is_string() && right.is_string())
    order = left.get_ref<const std::string&>().compare(right.get_ref<const std::string&>());
  else return null();
  switch (node.comparison) {
    case TokenKind::less: return keep(order < 0);
    case TokenKind::less_equal: return keep(order <= 0);
    case TokenKind::greater: return keep(order > 0);
    default: return keep(order >= 0);
  }
}

Value Evaluation::call(const Node& node, Value current) {
  const Function& function = *node.function;
  std::vector<Value> arguments;
  const Node* expression = nullptr;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const ArgumentType type = function.arguments[std::min(i, function.arguments.size() - 1)];
    if (type == ArgumentType::expression) {
      expression = node.children[i]->children[0].get();
      arguments.push_back(null());
      continue;
    }
    const Value value = run(*node.children[i], current);
    if (!fits(type, value))
      stop(*node.children[i], fmt::format("argument {} of {}() must be {}, found {}", i + 1, function.name,
                                          describe(type), describe_found(value)));
    arguments.push_back(value);
  }
  offset_ = node.offset;
  return function.compute(Call{*this, node, arguments, expression});
}

Result<Json> evaluate(const Program& program, const Json& document) {
  try {
    Evaluation evaluation(program.text);
    const Json& result = evaluation.whole(evaluation.run(*program.root, Value(document)));
    return Result<Json>(std::in_place, result);
  } catch (Stop& stop) {
    return Failure(std::move(stop.error));
  }
}

}  // namespace ciclo::jmespath

namespace ciclo {

bool is_truthy(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: return false;
    case Json::value_t::boolean: return value.get<bool>();
    case Json::value_t::string: return !value.get_ref<const std::string&>().empty();
    case Json::value_t::array:
    case Json::value_t::object: return !value.empty();
    default: return true;
  }
}

}  // namespace ciclo
