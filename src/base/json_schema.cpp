#include "base/json_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json_schema_failure.hpp"
#include "base/json_schema_node.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace ciclo {
namespace {

using Node = JsonSchema::Node;

constexpr std::size_t max_failures = 64;
constexpr std::size_t max_pattern_text = 4096;
constexpr std::size_t max_steps = 5'000'000;
// What writing down one failure of an alternative costs, in the steps of a check.
constexpr std::size_t steps_of_failure = 50;

// Where a value stands; the pointer is only written out for a failure.
struct Place {
  const Place* parent = nullptr;
  std::string_view key;
  std::size_t index = 0;
  bool is_index = false;
  std::size_t depth = 0;

  Place at(std::string_view member) const { return {this, member, 0, false, depth + 1}; }
  Place at(std::size_t item) const { return {this, {}, item, true, depth + 1}; }
  std::string pointer() const {
    if (parent == nullptr) return {};
    return parent->pointer() + "/" + (is_index ? std::to_string(index) : escape_pointer_token(key));
  }
};

unsigned type_bits(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return schema_type::object;
    case Json::value_t::array: return schema_type::array;
    case Json::value_t::string: return schema_type::string;
    case Json::value_t::boolean: return schema_type::boolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return schema_type::integer;
    case Json::value_t::number_float:
      return std::trunc(value.get<double>()) == value.get<double>()
                 ? static_cast<unsigned>(schema_type::integer) | schema_type::number
                 : static_cast<unsigned>(schema_type::number);
    default: return schema_type::null;
  }
}

// Boost's matcher gives up with an exception where a pattern would take exponential time.
bool matches(const SchemaPattern& pattern, const std::string& text) {
  if (text.size() > max_pattern_text) return false;
  try {
    return boost::regex_search(text, pattern.compiled);
  } catch (const std::exception&) {
    return false;
  }
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class Validator {
 public:
  void check(const Node& node, const Json& value, const Place& place, SchemaFailures& out) {
    if (out.size() >= max_failures || ++steps_ > max_steps) return;
    if (node.constant) {
      if (!*node.constant) add(out, place, SchemaFailureKind::form, "no value is allowed here");
      return;
    }
    if (node.reference != nullptr) check(*node.reference, value, place, out);
    if (node.types != 0 && (node.types & type_bits(value)) == 0) {
      out.push_back(type_failure(node.types, value, place.pointer(), place.depth));
      describe(out, node);
      return;
    }
    if (node.has_allowed &&
        std::ranges::none_of(node.allowed, [&](const Json& one) { return equal_values(one, value); })) {
      out.push_back(listed_failure(node.allowed, value, place.pointer(), place.depth));
      return;
    }
    if (value.is_object()) check_object(node, value, place, out);
    else if (value.is_array()) check_array(node, value, place, out);
    else if (value.is_string()) check_text(node, value.get_ref<const std::string&>(), place, out);
    else if (value.is_number()) check_number(node, value, place, out);
    check_combinations(node, value, place, out);
  }

  bool gave_up() const { return steps_ > max_steps; }

 private:
  static void add(SchemaFailures& out, const Place& place, SchemaFailureKind kind, std::string message,
                  std::string hint = {}) {
    out.push_back({.kind = kind,
                   .depth = place.depth,
                   .pointer = place.pointer(),
                   .message = std::move(message),
                   .hint = std::move(hint),
                   .types = 0,
                   .allowed = {}});
  }

  // Where nothing better is known, the schema's description says what belongs there.
  static void describe(SchemaFailures& out, const Node& node) {
    if (out.back().hint.empty()) out.back().hint = node.description.substr(0, 200);
  }

  void check_object(const Node& node, const Json& value, const Place& place, SchemaFailures& out) {
    std::set<std::string> suggested;
    for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
      const Place inner = place.at(key);
      if (node.property_names != nullptr) check(*node.property_names, Json(key), inner, out);
      bool known = false;
      if (const Node* property = node.find_property(key)) {
        check(*property, member, inner, out);
        known = true;
      }
      for (const auto& [pattern, child] : node.pattern_properties) {
        if (!matches(pattern, key)) continue;
        check(*child, member, inner, out);
        known = true;
      }
      if (known || node.additional_properties == nullptr) continue;
      if (node.additional_properties->constant == false) add_unknown_key(node, value, inner, suggested, out);
      else check(*node.additional_properties, member, inner, out);
    }
    for (const std::string& key : node.required)
      if (!value.contains(key) && !suggested.contains(key)) add_missing_key(node, key, place, out);
    for (const auto& [key, others] : node.dependent_required) {
      if (!value.contains(key)) continue;
      for (const std::string& other : others)
        if (!value.contains(other)) add_missing_key(node, other, place, out);
    }
    check_size(value.size(), {node.sizes.min_properties, node.sizes.max_properties, "key"}, place, out);
  }

  static void add_unknown_key(const Node& node, const Json& object, const Place& place,
                              std::set<std::string>& suggested, SchemaFailures& out) {
    if (out.size() >= max_failures) return;
    std::vector<std::string> free;
    std::vector<std::string> all;
    for (const auto& [name, unused] : node.properties) {
      all.push_back(name);
      if (!object.contains(name)) free.push_back(name);
    }
    std::string message = fmt::format("{}'{}'", unknown_key_words, to_utf8(place.key.substr(0, 80)));
    if (auto near = nearest(place.key, free)) {
      add(out, place, SchemaFailureKind::unknown_key_with_neighbour, std::move(message),
          fmt::format("did you mean '{}'?", *near));
      suggested.insert(*std::move(near));
      return;
    }
    constexpr std::size_t max_named = 24;
    const bool cut = all.size() > max_named;
    if (cut) all.resize(max_named);
    add(out, place, SchemaFailureKind::unknown_key, std::move(message),
        all.empty() ? "no keys are allowed here"
                    : fmt::format("allowed keys: {}{}", join(all, ", "), cut ? ", …" : ""));
  }

  static void add_missing_key(const Node& node, const std::string& key, const Place& place, SchemaFailures& out) {
    if (out.size() >= max_failures) return;
    const Node* property = node.find_property(key);
    while (property != nullptr && property->description.empty()) property = property->reference;
    add(out, place, SchemaFailureKind::missing_key, fmt::format("the key '{}' is missing", key),
        property == nullptr ? std::string() : fmt::format("{}: {}", key, property->description.substr(0, 200)));
  }

  void check_array(const Node& node, const Json& value, const Place& place, SchemaFailures& out) {
    for (std::size_t i = 0; i < value.size() && out.size() < max_failures; ++i) {
      if (i < node.prefix_items.size()) check(*node.prefix_items[i], value[i], place.at(i), out);
      else if (node.items != nullptr) check(*node.items, value[i], place.at(i), out);
    }
    check_size(value.size(), {node.sizes.min_items, node.sizes.max_items, "item"}, place, out);
    if (!node.unique_items) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (seen.insert(to_canonical_text(value[i])).second) continue;
      add(out, place.at(i), SchemaFailureKind::bounds, "the list already has this item", "remove one of the two");
      return;
    }
  }

  struct SizeLimits {
    std::optional<std::uint64_t> min, max;
    std::string_view noun;
  };

  static void check_size(std::uint64_t size, const SizeLimits& limits, const Place& place, SchemaFailures& out) {
    if (limits.min && size < *limits.min)
      add(out, place, SchemaFailureKind::bounds,
          fmt::format("expected at least {}, found {}", plural(*limits.min, limits.noun), size));
    if (limits.max && size > *limits.max)
      add(out, place, SchemaFailureKind::bounds,
          fmt::format("expected at most {}, found {}", plural(*limits.max, limits.noun), size));
  }

  static void check_text(const Node& node, const std::string& text, const Place& place, SchemaFailures& out) {
    if (node.sizes.min_length || node.sizes.max_length)
      check_size(count_code_points(text), {node.sizes.min_length, node.sizes.max_length, "character"}, place, out);
    if (node.pattern && !matches(*node.pattern, text)) {
      add(out, place, SchemaFailureKind::bounds,
          fmt::format("the text does not match the pattern {}", node.pattern->text));
      describe(out, node);
    }
  }

  static void check_number(const Node& node, const Json& value, const Place& place, SchemaFailures& out) {
    const SchemaNumbers& limits = node.numbers;
    const auto require = [&](bool holds, std::string_view words, const std::optional<Json>& limit) {
      if (!holds)
        add(out, place, SchemaFailureKind::bounds,
            fmt::format("expected {} {}, found {}", words, to_text(*limit), to_text(value)));
    };
    if (limits.minimum) require(compare_numbers(value, *limits.minimum) >= 0, "at least", limits.minimum);
    if (limits.maximum) require(compare_numbers(value, *limits.maximum) <= 0, "at most", limits.maximum);
    if (limits.exclusive_minimum)
      require(compare_numbers(value, *limits.exclusive_minimum) > 0, "more than", limits.exclusive_minimum);
    if (limits.exclusive_maximum)
      require(compare_numbers(value, *limits.exclusive_maximum) < 0, "less than", limits.exclusive_maximum);
    if (limits.multiple_of) {
      const double quotient = value.get<double>() / limits.multiple_of->get<double>();
      // A tolerance, for 0.3 is to count as a multiple of 0.1.
      require(std::abs(quotient - std::round(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient)), "a multiple of",
              limits.multiple_of);
    }
  }

  void check_combinations(const Node& node, const Json& value, const Place& place, SchemaFailures& out) {
    for (const Node* one : node.all_of) check(*one, value, place, out);
    if (!node.any_of.empty()) check_alternatives(node.any_of, value, place, out);
    if (!node.one_of.empty() && check_alternatives(node.one_of, value, place, out) > 1)
      add(out, place, SchemaFailureKind::form, "several of the forms that exclude each other are given",
          node.description.substr(0, 200));
    if (node.not_allowed != nullptr && holds(*node.not_allowed, value, place)) {
      add(out, place, SchemaFailureKind::form, "this value is not allowed here");
      describe(out, *node.not_allowed);
    }
    if (node.condition == nullptr) return;
    const Node* next = holds(*node.condition, value, place) ? node.then_schema : node.else_schema;
    if (next != nullptr) check(*next, value, place, out);
  }

  bool holds(const Node& node, const Json& value, const Place& place) {
    SchemaFailures failures;
    check(node, value, place, failures);
    return failures.empty();
  }

  // How many of the alternatives hold; when none does, the failures of the likeliest.
  std::size_t check_alternatives(const std::vector<const Node*>& nodes, const Json& value, const Place& place,
                                 SchemaFailures& out) {
    std::vector<SchemaFailures> alternatives;
    std::size_t holding = 0;
    for (const Node* node : nodes) {
      SchemaFailures failures;
      check(*node, value, place, failures);
      steps_ += failures.size() * steps_of_failure;
      if (failures.empty()) ++holding;
      else alternatives.push_back(std::move(failures));
    }
    if (holding == 0) {
      for (SchemaFailure& one : choose_alternative(std::move(alternatives), value, place.pointer(), place.depth))
        out.push_back(std::move(one));
    }
    return holding;
  }

  std::size_t steps_ = 0;
};

}  // namespace

Result<void> JsonSchema::validate(const Json& value) const {
  Validator validator;
  SchemaFailures failures;
  validator.check(*root_, value, Place{}, failures);
  if (validator.gave_up()) return fail(ErrorCode::too_large, "the value is too large to be checked against its schema");
  if (failures.empty()) return {};
  return Failure(to_error(std::move(failures)));
}

}  // namespace ciclo
