#include "administration/secrets/references.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view start = "${{";
constexpr std::string_view end = "}}";
constexpr std::string_view prefix = "secrets.";
constexpr std::string_view form = "write ${{secrets.name}}, or ${{secrets.name:3}} for a version";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_secret_name && std::ranges::all_of(name, is_name_character);
}

Result<SecretReference> parse_body(std::string_view body) {
  const std::string_view rest = body.substr(prefix.size());
  const std::size_t colon = rest.find(':');
  SecretReference reference{std::string(trim(rest.substr(0, colon))), 0};
  if (colon != std::string_view::npos) {
    const auto version = parse_int(trim(rest.substr(colon + 1)));
    if (!version || *version < 1)
      return fail(ErrorCode::invalid, "the reference to a secret names no version after the ':'", {},
                  std::string(form));
    reference.version = *version;
  }
  if (!is_name(reference.name))
    return fail(ErrorCode::invalid, "the reference to a secret does not name one", {}, std::string(form));
  return reference;
}

// The start of the next reference at or after `from`, and where its body begins; npos when there is none.
std::size_t find_reference(std::string_view text, std::size_t from, std::size_t& body) {
  for (std::size_t at = text.find(start, from); at != std::string_view::npos; at = text.find(start, at + 1)) {
    body = at + start.size();
    while (body < text.size() && (text[body] == ' ' || text[body] == '\t')) ++body;
    if (text.substr(body).starts_with(prefix)) return at;
  }
  return std::string_view::npos;
}

}  // namespace

Result<void> check_secret_name(std::string_view name) {
  if (is_name(name)) return {};
  return fail(ErrorCode::invalid, "this cannot be the name of a secret", "/name",
              fmt::format("use 1 to {} letters, digits, '-' and '_'", longest_secret_name));
}

std::string SecretReference::text() const {
  return version == 0 ? fmt::format("${{{{secrets.{}}}}}", name) : fmt::format("${{{{secrets.{}:{}}}}}", name, version);
}

bool mentions_secret(std::string_view text) {
  std::size_t body = 0;
  return find_reference(text, 0, body) != std::string_view::npos;
}

Result<std::vector<SecretTextPiece>> parse_secret_text(std::string_view text) {
  std::vector<SecretTextPiece> pieces;
  std::size_t at = 0;
  std::size_t found = 0;
  while (true) {
    std::size_t body = 0;
    const std::size_t next = find_reference(text, at, body);
    const std::size_t plain_end = std::min(next, text.size());
    if (plain_end > at) pieces.push_back({std::string(text.substr(at, plain_end - at)), std::nullopt});
    if (next == std::string_view::npos) return pieces;
    const std::size_t close = text.find(end, body);
    if (close == std::string_view::npos)
      return fail(ErrorCode::invalid, "the reference to a secret is not closed by }}", {}, std::string(form));
    if (++found > most_references_in_text)
      return fail(ErrorCode::too_large, fmt::format("more than {} secrets in one text", most_references_in_text));
    CICLO_TRY(SecretReference reference, parse_body(text.substr(body, close - body)));
    pieces.push_back({{}, std::move(reference)});
    at = close + end.size();
  }
}

Result<std::vector<SecretReference>> references_in_variables(const Json& variables, const std::string& pointer) {
  std::vector<SecretReference> found;
  if (!variables.is_object()) return found;
  for (const auto& [name, value] : variables.items()) {
    if (!value.is_string() || !mentions_secret(value.get_ref<const std::string&>())) continue;
    const std::string where = pointer + "/" + escape_pointer_token(name);
    if (name.empty() || name.find('=') != std::string::npos)
      return fail(ErrorCode::invalid, "this cannot be the name of an environment variable", where);
    auto pieces = parse_secret_text(value.get_ref<const std::string&>());
    if (!pieces) {
      pieces.error().target = where;
      return Failure(pieces.error());
    }
    for (SecretTextPiece& piece : *pieces)
      if (piece.reference) found.push_back(*std::move(piece.reference));
  }
  return found;
}

}  // namespace ciclo::administration
