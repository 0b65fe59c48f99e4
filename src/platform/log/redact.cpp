#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "platform/log/log.hpp"

namespace ciclo::log {
namespace {

constexpr std::string_view mask = "***";

// Ends of a name that holds a credential, compared without '-', '_', '.' and case.
constexpr std::array<std::string_view, 16> secret_endings{"password",      "passwd",     "pwd",         "secret",
                                                          "token",         "apikey",     "accesskey",   "accountkey",
                                                          "masterkey",     "privatekey", "primarykey",  "secondarykey",
                                                          "authorization", "credential", "credentials", "passphrase"};
// Whole names only: too short to be looked for at an end.
constexpr std::array<std::string_view, 2> secret_names{"sig", "signature"};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool ends_value(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '&' || c == ';' || c == ',' || c == '"' || c == '\'' ||
         c == '}';
}

std::size_t value_end(std::string_view text, std::size_t start) {
  if (start < text.size() && (text[start] == '"' || text[start] == '\'')) {
    const std::size_t quote = text.find(text[start], start + 1);
    return quote == std::string_view::npos ? text.size() : quote + 1;
  }
  while (start < text.size() && !ends_value(text[start])) ++start;
  return start;
}

std::size_t skip_scheme(std::string_view text, std::size_t start) {
  for (const std::string_view scheme : {"bearer ", "basic "}) {
    if (iequals(text.substr(start, scheme.size()), scheme)) return start + scheme.size();
  }
  return start;
}

// Where the value starts when `text[end]` goes on with "=", ":" or a quoted key's end and one of them; else npos.
std::size_t value_after(std::string_view text, std::size_t end) {
  if (end < text.size() && (text[end] == '"' || text[end] == '\'')) ++end;
  while (end < text.size() && text[end] == ' ') ++end;
  if (end >= text.size() || (text[end] != '=' && text[end] != ':')) return std::string_view::npos;
  ++end;
  while (end < text.size() && text[end] == ' ') ++end;
  return end;
}

// "scheme://user:password@host": where the password starts and ends.
bool password_of_url(std::string_view text, std::size_t scheme_end, std::size_t& start, std::size_t& end) {
  const std::size_t authority = scheme_end + 3;
  const std::size_t stop = std::min(text.find_first_of("/ \t\n\"'", authority), text.size());
  const std::size_t at = text.substr(0, stop).rfind('@');
  if (at == std::string_view::npos || at < authority) return false;
  const std::size_t colon = text.find(':', authority);
  if (colon >= at) return false;
  start = colon + 1;
  end = at;
  return true;
}

}  // namespace

bool names_secret(std::string_view key) {
  std::string plain;
  for (const char c : key)
    if (c != '-' && c != '_' && c != '.') plain.push_back(c);
  plain = to_lower(plain);
  return std::ranges::any_of(secret_endings, [&](std::string_view ending) { return plain.ends_with(ending); }) ||
         std::ranges::find(secret_names, plain) != secret_names.end();
}

std::string redact(std::string_view text) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t start = 0;
    std::size_t end = 0;
    if (text.substr(i).starts_with("://") && password_of_url(text, i, start, end)) {
      out.append(text.substr(i, start - i)).append(mask);
      i = end;
      continue;
    }
    if (!is_word(text[i])) {
      out.push_back(text[i++]);
      continue;
    }
    std::size_t word_end = i;
    while (word_end < text.size() && is_word(text[word_end])) ++word_end;
    const std::string_view word = text.substr(i, word_end - i);
    out.append(word);
    i = word_end;
    const bool scheme = iequals(word, "bearer") && i < text.size() && text[i] == ' ';
    std::size_t value = scheme ? i + 1 : names_secret(word) ? value_after(text, i) : std::string_view::npos;
    if (value == std::string_view::npos) continue;
    value = skip_scheme(text, value);
    end = value_end(text, value);
    if (end == value) continue;
    out.append(text.substr(i, value - i)).append(mask);
    i = end;
  }
  return out;
}

}  // namespace ciclo::log
