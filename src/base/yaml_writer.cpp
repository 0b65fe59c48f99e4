#include <fmt/format.h>

#include "base/utf8.hpp"
#include "base/yaml.hpp"
#include "base/yaml_scalar.hpp"

namespace ciclo {
namespace {

bool must_escape(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) || code_point == 0x2028 ||
         code_point == 0x2029 || code_point == 0xFEFF || code_point == 0xFFFE || code_point == 0xFFFF;
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const char32_t code_point = take_code_point(text).value_or(U'\uFFFD');
    if (code_point == '"' || code_point == '\\') out.append(1, '\\').append(1, static_cast<char>(code_point));
    else if (code_point == '\n') out += "\\n";
    else if (code_point == '\t') out += "\\t";
    else if (code_point == '\r') out += "\\r";
    else if (must_escape(code_point)) out += fmt::format("\\u{:04x}", static_cast<unsigned>(code_point));
    else append_code_point(out, code_point);
  }
  return out + "\"";
}

std::string inline_string(const std::string& text) {
  if (is_plain_yaml_string(text)) return text;
  for (std::string_view rest = text; !rest.empty();) {
    const auto code_point = take_code_point(rest);
    if (!code_point || must_escape(*code_point)) return double_quoted(text);
  }
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

// A literal block shows text of several lines as it is; what it cannot hold exactly is quoted.
bool fits_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
  if (text.find(" \n") != std::string_view::npos || text.find("\t\n") != std::string_view::npos || text.back() == ' ' ||
      text.back() == '\t')
    return false;
  while (!text.empty()) {
    const auto code_point = take_code_point(text);
    if (!code_point || (must_escape(*code_point) && *code_point != '\n' && *code_point != '\t')) return false;
  }
  return true;
}

class Writer {
 public:
  std::string write(const Json& value) {
    if (is_empty_or_scalar(value)) {
      append_scalar(value, 0);
    } else {
      append_lines(value, 0);
    }
    return std::move(out_);
  }

 private:
  static bool is_empty_or_scalar(const Json& value) { return !value.is_structured() || value.empty(); }

  void indent(std::size_t by) { out_.append(by, ' '); }

  // The rest of the line after "key:" or "-", with its end; a block's text is indented by `by`.
  void append_scalar(const Json& value, std::size_t by) {
    if (const auto* text = value.get_ptr<const std::string*>()) {
      if (fits_block(*text)) {
        append_block(*text, by == 0 ? 2 : by);
        return;
      }
      out_ += inline_string(*text);
    } else {
      out_ += value.dump();
    }
    out_ += '\n';
  }

  void append_block(std::string_view text, std::size_t by) {
    const bool ends_line = text.ends_with('\n');
    const bool ends_empty = text.ends_with("\n\n");
    out_ += ends_empty ? "|+\n" : ends_line ? "|\n" : "|-\n";
    if (ends_line) text.remove_suffix(1);
    for (std::size_t start = 0; start <= text.size();) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      if (end > start) indent(by);
      out_.append(text.substr(start, end - start)).append(1, '\n');
      start = end + 1;
    }
  }

  // Members or items, each from a new line on; the first one follows what the line already holds.
  void append_lines(const Json& value, std::size_t by) {
    bool first = true;
    const auto begin_line = [&] {
      if (!first || out_.empty() || out_.back() == '\n') indent(by);
      first = false;
    };
    if (value.is_array()) {
      for (const Json& item : value) {
        begin_line();
        out_ += "- ";
        if (is_empty_or_scalar(item)) append_scalar(item, by + 2);
        else append_lines(item, by + 2);
      }
      return;
    }
    for (const auto& [key, item] : value.items()) {
      begin_line();
      out_ += inline_string(key) + ":";
      append_member(item, by);
    }
  }

  void append_member(const Json& item, std::size_t by) {
    if (is_empty_or_scalar(item)) {
      out_ += ' ';
      append_scalar(item, by + 2);
      return;
    }
    out_ += '\n';
    // Lists stand in the column of their key, as `az` and most files have them.
    append_lines(item, item.is_array() ? by : by + 2);
  }

  std::string out_;
};

}  // namespace

std::string write_yaml(const Json& value) {
  return Writer().write(value);
}

}  // namespace ciclo
