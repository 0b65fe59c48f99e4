#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>

#include "base/json_builder.hpp"

namespace ciclo {
namespace {

const Json null_value = nullptr;

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

Position position_of(std::string_view text, std::size_t offset) {
  Position position;
  for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
  }
  return position;
}

// Builds the value from the parser's events: bounds the nesting before anything is allocated for it, and takes large
// objects in linear time (see JsonObjectBuilder). Of a key given twice the last value counts, as in every browser.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool parse_error(std::size_t offset, const std::string&, const Json::exception& error) override {
    error_offset_ = offset;
    error_text_ = error.what();
    return false;
  }

  bool too_deep() const { return too_deep_; }
  std::size_t error_offset() const { return error_offset_; }
  // The parser's own words without its position and the text it read last, which may be a secret.
  std::string reason() const {
    const std::size_t from = error_text_.rfind(" - ");
    std::string text = from == std::string::npos ? std::string() : error_text_.substr(from + 3);
    if (error_text_.find("number overflow") != std::string::npos) return "a number is too large";
    const std::size_t read = text.find("; last read: ");
    if (read == std::string::npos) return text;
    const std::size_t expected = text.find("; expected ", read);
    return text.substr(0, read) + (expected == std::string::npos ? std::string() : text.substr(expected));
  }
  Json take() { return std::move(root_); }

 private:
  struct Open {
    bool is_object = false;
    std::string key;
    JsonObjectBuilder members;
    Json::array_t items;
  };

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Open& parent = open_.back(); !parent.is_object) {
      parent.items.push_back(std::move(value));
    } else if (const auto place = parent.members.find(parent.key)) {
      parent.members.at(*place) = std::move(value);
    } else {
      parent.members.add(std::move(parent.key), std::move(value));
    }
    return true;
  }

  bool open(bool is_object) {
    too_deep_ = open_.size() >= static_cast<std::size_t>(std::max(limits_.max_depth, 0));
    if (too_deep_) return false;
    open_.emplace_back().is_object = is_object;
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.is_object) return add(closed.members.take());
    return add(Json(std::move(closed.items)));
  }

  const JsonLimits& limits_;
  std::vector<Open> open_;
  Json root_;
  bool too_deep_ = false;
  std::size_t error_offset_ = 0;
  std::string error_text_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::too_large,
                fmt::format("the JSON text has {} bytes; at most {} are taken", text.size(), limits.max_bytes));
  Builder builder(limits);
  if (Json::sax_parse(text, &builder)) return builder.take();
  if (builder.too_deep())
    return fail(ErrorCode::too_large, fmt::format("the JSON text is nested deeper than {} levels", limits.max_depth));
  const std::size_t offset = builder.error_offset();
  const Position position = position_of(text, offset == 0 ? 0 : offset - 1);
  const std::string reason = builder.reason();
  return fail(ErrorCode::invalid, fmt::format("not valid JSON at line {}, column {}{}{}", position.line,
                                              position.column, reason.empty() ? "" : ": ", reason));
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_pretty_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

const Json& member(const Json& object, std::string_view key) {
  if (!object.is_object()) return null_value;
  const auto found = object.find(key);
  return found == object.end() ? null_value : *found;
}

const Json& at_pointer(const Json& value, std::string_view pointer) {
  try {
    const Json::json_pointer parsed{std::string(pointer)};
    return value.contains(parsed) ? value.at(parsed) : null_value;
  } catch (const Json::exception&) {
    return null_value;
  }
}

std::string text_or(const Json& object, std::string_view key, std::string_view otherwise) {
  const Json& found = member(object, key);
  return found.is_string() ? found.get<std::string>() : std::string(otherwise);
}

std::string escape_pointer_token(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

void merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null()) target.erase(key);
    else merge_patch(target[key], value);
  }
}

namespace {

using Member = Json::object_t::value_type;

std::vector<const Member*> sorted_members(const Json& object) {
  std::vector<const Member*> members;
  members.reserve(object.size());
  for (const Member& one : object.get_ref<const Json::object_t&>()) members.push_back(&one);
  std::ranges::sort(members, {}, [](const Member* one) -> const std::string& { return one->first; });
  return members;
}

bool equal_objects(const Json& a, const Json& b) {
  if (a.size() != b.size()) return false;
  const auto members_a = sorted_members(a);
  const auto members_b = sorted_members(b);
  for (std::size_t i = 0; i < members_a.size(); ++i)
    if (members_a[i]->first != members_b[i]->first || !equal_values(members_a[i]->second, members_b[i]->second))
      return false;
  return true;
}

void append_canonical(const Json& value, std::string& out) {
  if (value.is_object()) {
    out += '{';
    for (const Member* one : sorted_members(value)) {
      out.append(to_text(Json(one->first))).append(1, ':');
      append_canonical(one->second, out);
      out += ',';
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (const Json& item : value) {
      append_canonical(item, out);
      out += ',';
    }
    out += ']';
  } else if (const auto* real = value.get_ptr<const double*>();
             real != nullptr && *real >= -0x1p63 && *real < 0x1p63 && std::trunc(*real) == *real) {
    out += std::to_string(static_cast<std::int64_t>(*real));
  } else {
    out += to_text(value);
  }
}

}  // namespace

int compare_numbers(const Json& a, const Json& b) {
  const auto order = [](auto x, auto y) { return std::is_gt(x <=> y) - std::is_lt(x <=> y); };
  if (a.is_number_unsigned() && b.is_number_unsigned()) return order(a.get<std::uint64_t>(), b.get<std::uint64_t>());
  if (a.is_number_integer() && b.is_number_integer()) {
    const auto too_large = [](const Json& one) {
      return one.is_number_unsigned() && one.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    };
    if (too_large(a)) return 1;
    if (too_large(b)) return -1;
    return order(a.get<std::int64_t>(), b.get<std::int64_t>());
  }
  return order(a.get<double>(), b.get<double>());
}

bool equal_values(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.type() != b.type()) return false;
  if (a.is_object()) return equal_objects(a, b);
  if (a.is_array()) return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), equal_values);
  return a == b;
}

std::string to_canonical_text(const Json& value) {
  std::string out;
  append_canonical(value, out);
  return out;
}

}  // namespace ciclo
