#include "base/json_schema_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_schema_node.hpp"
#include "base/text.hpp"

namespace ciclo {
namespace {

constexpr std::size_t max_details = 20;
constexpr std::size_t max_listed = 16;

// How near an alternative is to what was meant.
enum class Fit : std::uint8_t { other_type, told_apart, meant };

// The failure that says this alternative is for another `type` (or whatever member tells them apart).
const SchemaFailure* discriminating(const SchemaFailures& failures, std::size_t depth) {
  const auto found = std::ranges::find_if(failures, [&](const SchemaFailure& one) {
    return one.kind == SchemaFailureKind::not_listed && one.depth == depth + 1 && one.allowed.size() < 4;
  });
  return found == failures.end() ? nullptr : &*found;
}

Fit fit_of(const SchemaFailures& failures, std::size_t depth) {
  const bool other_type = std::ranges::any_of(
      failures, [&](const SchemaFailure& one) { return one.depth == depth && one.kind == SchemaFailureKind::type; });
  if (other_type) return Fit::other_type;
  return discriminating(failures, depth) == nullptr ? Fit::meant : Fit::told_apart;
}

std::size_t deepest(const SchemaFailures& failures) {
  std::size_t depth = 0;
  for (const SchemaFailure& one : failures) depth = std::max(depth, one.depth);
  return depth;
}

void add_allowed(std::vector<Json>& to, const std::vector<Json>& from) {
  for (const Json& value : from)
    if (std::ranges::none_of(to, [&](const Json& known) { return equal_values(known, value); })) to.push_back(value);
}

// Every alternative wants another type: one message with all of them.
SchemaFailure merge_types(const std::vector<SchemaFailures>& alternatives, const Json& value,
                          const std::string& pointer, std::size_t depth) {
  unsigned types = 0;
  for (const SchemaFailures& failures : alternatives)
    for (const SchemaFailure& one : failures)
      if (one.kind == SchemaFailureKind::type && one.depth == depth) types |= one.types;
  return type_failure(types, value, pointer, depth);
}

// The alternatives list different values for one place: one message with all of them, or nothing when they differ in
// the place too.
std::optional<SchemaFailure> merge_listed(const std::vector<const SchemaFailure*>& listed, const Json& value,
                                          const std::string& base) {
  std::vector<Json> allowed;
  for (const SchemaFailure* one : listed) {
    if (one->pointer != listed.front()->pointer) return std::nullopt;
    add_allowed(allowed, one->allowed);
  }
  const std::string& pointer = listed.front()->pointer;
  const Json& found = at_pointer(value, pointer.substr(base.size()));
  return listed_failure(std::move(allowed), found, pointer, listed.front()->depth);
}

std::string quoted_list(const std::vector<Json>& values) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(values.size(), max_listed); ++i)
    texts.push_back(values[i].is_string() ? values[i].get<std::string>() : to_text(values[i]));
  if (values.size() > max_listed) texts.emplace_back("…");
  return join(texts, ", ");
}

}  // namespace

std::string describe_types(unsigned types) {
  struct Word {
    unsigned bit;
    std::string_view text;
  };
  static constexpr std::array<Word, 7> words = {{{schema_type::object, "an object"},
                                                 {schema_type::array, "a list"},
                                                 {schema_type::string, "a string"},
                                                 {schema_type::number, "a number"},
                                                 {schema_type::integer, "an integer"},
                                                 {schema_type::boolean, "true or false"},
                                                 {schema_type::null, "null"}}};
  if ((types & schema_type::number) != 0) types &= ~static_cast<unsigned>(schema_type::integer);
  std::string out;
  std::string last;
  for (const Word& word : words) {
    if ((types & word.bit) == 0) continue;
    if (!last.empty()) out.append(out.empty() ? "" : ", ").append(last);
    last = word.text;
  }
  return out.empty() ? last : out + " or " + last;
}

std::string_view describe_type(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return "a string";
    case Json::value_t::boolean: return "true or false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return "an integer";
    case Json::value_t::number_float: return "a number";
    default: return "nothing (null)";
  }
}

SchemaFailure type_failure(unsigned types, const Json& value, std::string pointer, std::size_t depth) {
  SchemaFailure failure;
  failure.kind = SchemaFailureKind::type;
  failure.depth = depth;
  failure.pointer = std::move(pointer);
  failure.types = types;
  const std::string_view found = value.is_boolean() ? (value.get<bool>() ? "true" : "false") : describe_type(value);
  failure.message = fmt::format("expected {}, found {}", describe_types(types), found);
  const auto* text = value.get_ptr<const std::string*>();
  const bool is_number = text != nullptr && parse_double(*text).has_value();
  const bool is_flag = text != nullptr && (*text == "true" || *text == "false");
  if ((is_number && (types & (schema_type::number | schema_type::integer)) != 0) ||
      (is_flag && (types & schema_type::boolean) != 0))
    failure.hint = "remove the quotes";
  else if ((types & schema_type::string) != 0 && value.is_primitive() && !value.is_null())
    failure.hint = "put the value in quotes";
  return failure;
}

SchemaFailure listed_failure(std::vector<Json> allowed, const Json& value, std::string pointer, std::size_t depth) {
  SchemaFailure failure;
  failure.kind = SchemaFailureKind::not_listed;
  failure.depth = depth;
  failure.pointer = std::move(pointer);
  std::vector<std::string> texts;
  for (const Json& one : allowed)
    if (one.is_string()) texts.push_back(one.get<std::string>());
  const auto* text = value.get_ptr<const std::string*>();
  const std::string listed = quoted_list(allowed);
  const std::string expected = allowed.size() == 1 ? "expected " + listed : "expected one of " + listed;
  if (text != nullptr && text->size() <= 64) failure.message = fmt::format("'{}' is not valid here", *text);
  else if (value.is_structured() || text != nullptr)
    failure.message = fmt::format("{} is not valid here", describe_type(value));
  else failure.message = fmt::format("{} is not valid here", to_text(value));
  const auto near = text == nullptr ? std::nullopt : nearest(*text, texts);
  failure.hint = near ? fmt::format("did you mean '{}'?", *near) : expected;
  failure.allowed = std::move(allowed);
  return failure;
}

SchemaFailures choose_alternative(std::vector<SchemaFailures> alternatives, const Json& value,
                                  const std::string& pointer, std::size_t depth) {
  Fit best_fit = Fit::other_type;
  for (const SchemaFailures& one : alternatives) best_fit = std::max(best_fit, fit_of(one, depth));
  if (best_fit == Fit::other_type) return {merge_types(alternatives, value, pointer, depth)};
  std::erase_if(alternatives, [&](const SchemaFailures& one) { return fit_of(one, depth) != best_fit; });
  std::vector<const SchemaFailure*> listed;
  for (const SchemaFailures& one : alternatives) {
    if (best_fit == Fit::told_apart) listed.push_back(discriminating(one, depth));
    else if (one.size() == 1 && one.front().kind == SchemaFailureKind::not_listed) listed.push_back(&one.front());
  }
  if (listed.size() == alternatives.size()) {
    if (auto merged = merge_listed(listed, value, pointer)) return {*std::move(merged)};
  }
  auto best = alternatives.begin();
  for (auto one = alternatives.begin(); one != alternatives.end(); ++one)
    if (one->size() < best->size() || (one->size() == best->size() && deepest(*one) > deepest(*best))) best = one;
  return std::move(*best);
}

Error to_error(SchemaFailures failures) {
  std::ranges::stable_sort(failures, [](const SchemaFailure& a, const SchemaFailure& b) {
    return a.depth != b.depth ? a.depth > b.depth : a.kind < b.kind;
  });
  Error error;
  std::size_t shown = 0;
  for (SchemaFailure& one : failures) {
    if (shown > max_details) break;
    Error next{ErrorCode::invalid, std::move(one.message), std::move(one.pointer), std::move(one.hint), {}};
    if (shown++ == 0) error = std::move(next);
    else error.details.push_back(std::move(next));
  }
  return error;
}

}  // namespace ciclo
