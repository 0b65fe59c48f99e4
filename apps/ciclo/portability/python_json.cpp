#include "portability/python_json.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace ciclo::portability {
namespace {

// ASCII alone, as nlohmann's own option has it; Python writes the same escapes in lower case.
std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

// The shortest text that reads back, with ".0" behind a whole number.
std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

void write(std::string& out, const Json& value);

void write_list(std::string& out, const Json& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ", ";
    write(out, list[i]);
  }
  out += ']';
}

// Python sorts by code points, as UTF-8 sorts by bytes.
void write_object(std::string& out, const Json& object) {
  std::map<std::string_view, const Json*> sorted;
  for (const auto& [key, member] : object.items()) sorted[key] = &member;
  out += '{';
  bool is_first = true;
  for (const auto& [key, member] : sorted) {
    if (!std::exchange(is_first, false)) out += ", ";
    out += quoted(std::string(key)) + ": ";
    write(out, *member);
  }
  out += '}';
}

void write(std::string& out, const Json& value) {
  if (value.is_object()) write_object(out, value);
  else if (value.is_array()) write_list(out, value);
  else if (value.is_string()) out += quoted(value.get<std::string>());
  else if (value.is_number_float()) out += number_text(value.get<double>());
  else out += value.dump();
}

}  // namespace

std::string python_text(const Json& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace ciclo::portability
