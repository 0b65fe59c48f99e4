#include "base/jmespath_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace ciclo::jmespath {
namespace {

const std::string& text_of(const Value& value) {
  return value.json()->get_ref<const std::string&>();
}

bool all_items(const Value& value, bool (*test)(const Json&)) {
  if (!value.is_array()) return false;
  for (std::size_t i = 0; i < value.size(); ++i)
    if (!test(value.item(i))) return false;
  return true;
}

bool is_number(const Json& value) {
  return value.is_number();
}
bool is_string(const Json& value) {
  return value.is_string();
}

int order_of(const Json& a, const Json& b) {
  return a.is_number() ? compare_numbers(a, b)
                       : a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
}

// A float that is whole, as an integer where it fits.
Json whole_number(double value) {
  if (value >= -0x1p63 && value < 0x1p63) return static_cast<std::int64_t>(value);
  return value;
}

Value abs_of(const Call& call) {
  const Json& value = *call.arguments[0].json();
  if (!value.is_number_integer()) return call.evaluation.keep(std::abs(value.get<double>()));
  if (value.is_number_unsigned() || value.get<std::int64_t>() >= 0) return call.arguments[0];
  const auto number = value.get<std::int64_t>();
  return call.evaluation.keep(number == INT64_MIN ? Json(-static_cast<double>(number)) : Json(-number));
}

Value ceil_of(const Call& call) {
  const Json& value = *call.arguments[0].json();
  return value.is_number_integer() ? call.arguments[0]
                                   : call.evaluation.keep(whole_number(std::ceil(value.get<double>())));
}

Value floor_of(const Call& call) {
  const Json& value = *call.arguments[0].json();
  return value.is_number_integer() ? call.arguments[0]
                                   : call.evaluation.keep(whole_number(std::floor(value.get<double>())));
}

// The sum of integers is one as long as it fits.
Json sum_items(const Value& list) {
  std::int64_t whole = 0;
  double real = 0;
  bool is_whole = true;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& item = list.item(i);
    real += item.get<double>();
    is_whole = is_whole && item.is_number_integer() &&
               (!item.is_number_unsigned() || item.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)) &&
               !__builtin_add_overflow(whole, item.get<std::int64_t>(), &whole);
  }
  return is_whole ? Json(whole) : Json(real);
}

Value sum_of(const Call& call) {
  return call.evaluation.keep(sum_items(call.arguments[0]));
}

Value avg_of(const Call& call) {
  const Value& list = call.arguments[0];
  if (list.size() == 0) return Evaluation::null();
  return call.evaluation.keep(sum_items(list).get<double>() / static_cast<double>(list.size()));
}

Value contains(const Call& call) {
  const Value& where = call.arguments[0];
  const Json& what = call.evaluation.whole(call.arguments[1]);
  if (where.is_array()) {
    for (std::size_t i = 0; i < where.size(); ++i)
      if (equal_values(where.item(i), what)) return call.evaluation.keep(true);
    return call.evaluation.keep(false);
  }
  return call.evaluation.keep(what.is_string() &&
                              text_of(where).find(what.get_ref<const std::string&>()) != std::string::npos);
}

Value starts_with(const Call& call) {
  return call.evaluation.keep(text_of(call.arguments[0]).starts_with(text_of(call.arguments[1])));
}

Value ends_with(const Call& call) {
  return call.evaluation.keep(text_of(call.arguments[0]).ends_with(text_of(call.arguments[1])));
}

Value join_texts(const Call& call) {
  const std::string& separator = text_of(call.arguments[0]);
  const Value& list = call.arguments[1];
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& text = list.item(i).get_ref<const std::string&>();
    call.evaluation.spend(1 + (separator.size() + text.size()) / 8);
    if (i > 0) out += separator;
    out += text;
  }
  return call.evaluation.keep(std::move(out));
}

Value keys(const Call& call) {
  Json::array_t names;
  for (const auto& [key, unused] : call.arguments[0].json()->get_ref<const Json::object_t&>()) names.emplace_back(key);
  call.evaluation.spend(names.size());
  return call.evaluation.keep(Json(std::move(names)));
}

Value values(const Call& call) {
  Value::Items items;
  for (const Json& value : *call.arguments[0].json()) items.push_back(&value);
  call.evaluation.spend(items.size());
  return call.evaluation.keep(std::move(items));
}

Value length(const Call& call) {
  const Value& value = call.arguments[0];
  const bool is_text = value.json() != nullptr && value.json()->is_string();
  return call.evaluation.keep(is_text ? count_code_points(text_of(value)) : value.size());
}

Value map_items(const Call& call) {
  const Value& list = call.arguments[1];
  Value::Items items;
  for (std::size_t i = 0; i < list.size(); ++i)
    items.push_back(&call.evaluation.whole(call.evaluation.run(*call.expression, Value(list.item(i)))));
  return call.evaluation.keep(std::move(items));
}

Value extreme(const Call& call, int sign) {
  const Value& list = call.arguments[0];
  if (list.size() == 0) return Evaluation::null();
  const Json* best = &list.item(0);
  for (std::size_t i = 1; i < list.size(); ++i)
    if (order_of(list.item(i), *best) * sign > 0) best = &list.item(i);
  return Value(*best);
}
Value max_of(const Call& call) {
  return extreme(call, 1);
}
Value min_of(const Call& call) {
  return extreme(call, -1);
}

struct Keyed {
  const Json* key = nullptr;
  const Json* item = nullptr;
};

// The items with what the expression gives for each, which must be all numbers or all strings.
std::vector<Keyed> keyed_items(const Call& call) {
  const Value& list = call.arguments[0];
  std::vector<Keyed> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& key = call.evaluation.whole(call.evaluation.run(*call.expression, Value(list.item(i))));
    const bool fits_first = out.empty() || out.front().key->is_number() == key.is_number();
    if ((!key.is_number() && !key.is_string()) || !fits_first)
      call.evaluation.stop(*call.expression,
                           fmt::format("the expression of {}() must give numbers only or strings only, found {}",
                                       call.node.text, key.type_name()));
    out.push_back({&key, &list.item(i)});
  }
  return out;
}

Value extreme_by(const Call& call, int sign) {
  const std::vector<Keyed> items = keyed_items(call);
  if (items.empty()) return Evaluation::null();
  const Keyed* best = &items.front();
  for (const Keyed& one : items)
    if (order_of(*one.key, *best->key) * sign > 0) best = &one;
  return Value(*best->item);
}
Value max_by(const Call& call) {
  return extreme_by(call, 1);
}
Value min_by(const Call& call) {
  return extreme_by(call, -1);
}

Value sort_by(const Call& call) {
  std::vector<Keyed> sorted = keyed_items(call);
  std::ranges::stable_sort(sorted, [](const Keyed& a, const Keyed& b) { return order_of(*a.key, *b.key) < 0; });
  Value::Items items;
  for (const Keyed& one : sorted) items.push_back(one.item);
  return call.evaluation.keep(std::move(items));
}

Value sort_items(const Call& call) {
  const Value& list = call.arguments[0];
  Value::Items items;
  for (std::size_t i = 0; i < list.size(); ++i) items.push_back(&list.item(i));
  call.evaluation.spend(items.size());
  std::ranges::stable_sort(items, [](const Json* a, const Json* b) { return order_of(*a, *b) < 0; });
  return call.evaluation.keep(std::move(items));
}

Value merge(const Call& call) {
  Json object = Json::object();
  for (const Value& one : call.arguments) {
    call.evaluation.spend_copy(*one.json());
    // Json's insertion compares with every member before.
    call.evaluation.spend(object.size() * one.size() / 16);
    for (const auto& [key, value] : one.json()->items()) object[key] = value;
  }
  return call.evaluation.keep(std::move(object));
}

Value not_null(const Call& call) {
  const auto found = std::ranges::find_if(call.arguments, [](const Value& one) { return !one.is_null(); });
  return found == call.arguments.end() ? Evaluation::null() : *found;
}

Value reverse(const Call& call) {
  const Value& value = call.arguments[0];
  if (value.is_array()) {
    Value::Items items;
    for (std::size_t i = value.size(); i > 0; --i) items.push_back(&value.item(i - 1));
    call.evaluation.spend(items.size());
    return call.evaluation.keep(std::move(items));
  }
  std::vector<std::string_view> characters;
  for (std::string_view rest = text_of(value); !rest.empty();) {
    const std::string_view before = rest;
    (void)take_code_point(rest);
    characters.push_back(before.substr(0, before.size() - rest.size()));
  }
  call.evaluation.spend(characters.size());
  std::string out;
  for (auto it = characters.rbegin(); it != characters.rend(); ++it) out += *it;
  return call.evaluation.keep(std::move(out));
}

Value to_array(const Call& call) {
  const Value& value = call.arguments[0];
  return value.is_array() ? value : call.evaluation.keep(Value::Items{value.json()});
}

Value to_string(const Call& call) {
  const Json& value = call.evaluation.whole(call.arguments[0]);
  if (value.is_string()) return call.arguments[0];
  call.evaluation.spend_copy(value);
  return call.evaluation.keep(to_text(value));
}

// A string that is a JSON number becomes one; anything else that is no number becomes null.
Value to_number(const Call& call) {
  const Value& value = call.arguments[0];
  if (value.json() == nullptr) return Evaluation::null();
  if (value.json()->is_number()) return value;
  if (!value.json()->is_string()) return Evaluation::null();
  const std::string& text = text_of(value);
  if (text.empty() || (text.front() != '-' && (text.front() < '0' || text.front() > '9'))) return Evaluation::null();
  auto number = parse_json(text);
  if (!number || !number->is_number()) return Evaluation::null();
  return call.evaluation.keep(*std::move(number));
}

Value type_of(const Call& call) {
  return call.evaluation.keep(std::string(call.arguments[0].type_name()));
}

using enum ArgumentType;

const std::vector<Function>& functions() {
  static const std::vector<Function> table = {
      {"abs", {number}, false, abs_of},
      {"avg", {numbers}, false, avg_of},
      {"ceil", {number}, false, ceil_of},
      {"contains", {string_or_array, any}, false, contains},
      {"ends_with", {string, string}, false, ends_with},
      {"floor", {number}, false, floor_of},
      {"join", {string, strings}, false, join_texts},
      {"keys", {object}, false, keys},
      {"length", {string_array_or_object}, false, length},
      {"map", {ArgumentType::expression, array}, false, map_items},
      {"max", {numbers_or_strings}, false, max_of},
      {"max_by", {array, ArgumentType::expression}, false, max_by},
      {"merge", {object}, true, merge},
      {"min", {numbers_or_strings}, false, min_of},
      {"min_by", {array, ArgumentType::expression}, false, min_by},
      {"not_null", {any}, true, not_null},
      {"reverse", {string_or_array}, false, reverse},
      {"sort", {numbers_or_strings}, false, sort_items},
      {"sort_by", {array, ArgumentType::expression}, false, sort_by},
      {"starts_with", {string, string}, false, starts_with},
      {"sum", {numbers}, false, sum_of},
      {"to_array", {any}, false, to_array},
      {"to_number", {any}, false, to_number},
      {"to_string", {any}, false, to_string},
      {"type", {any}, false, type_of},
      {"values", {object}, false, values},
  };
  return table;
}

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found = std::ranges::find(functions(), name, &Function::name);
  return found == functions().end() ? nullptr : &*found;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const Function& one : functions()) names.emplace_back(one.name);
  return names;
}

bool fits(ArgumentType type, const Value& value) {
  const Json* json = value.json();
  const bool is_text = json != nullptr && json->is_string();
  const bool is_object = json != nullptr && json->is_object();
  switch (type) {
    case any: return true;
    case number: return json != nullptr && json->is_number();
    case string: return is_text;
    case array: return value.is_array();
    case object: return is_object;
    case string_or_array: return is_text || value.is_array();
    case string_array_or_object: return is_text || value.is_array() || is_object;
    case numbers: return all_items(value, is_number);
    case strings: return all_items(value, is_string);
    case numbers_or_strings: return all_items(value, is_number) || all_items(value, is_string);
    case ArgumentType::expression: return false;
  }
  return false;
}

std::string_view describe(ArgumentType type) {
  switch (type) {
    case any: return "a value";
    case number: return "a number";
    case string: return "a string";
    case array: return "an array";
    case object: return "an object";
    case string_or_array: return "a string or an array";
    case string_array_or_object: return "a string, an array or an object";
    case numbers: return "an array of numbers";
    case strings: return "an array of strings";
    case numbers_or_strings: return "an array of numbers or an array of strings";
    case ArgumentType::expression: return "an expression such as &name";
  }
  return "a value";
}

}  // namespace ciclo::jmespath
