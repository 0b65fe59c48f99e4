// Page tokens: the position as JSON with a mark of the search it belongs to, in hexadecimal.
#include <fmt/format.h>

#include <bit>
#include <cstdint>

#include "base/digest.hpp"
#include "inner_loop/tracking/search_sql.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::size_t max_token = 64U << 10U;

// Tells searches apart; it is no protection, and needs none, as a position gives no right to anything.
std::string mark_of(std::string_view purpose) {
  return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(value_hash(purpose)));
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string make_page_token(std::string_view purpose, const Json& position) {
  std::string token;
  for (const unsigned char c : to_text(Json{{"search", mark_of(purpose)}, {"after", position}}))
    token += fmt::format("{:02x}", c);
  return token;
}

Result<Json> read_page_token(std::string_view purpose, std::string_view token) {
  const auto bad = [] {
    return fail(ErrorCode::invalid, "Invalid page token", "page_token",
                "use the token of the page before with the same search");
  };
  if (token.size() % 2 != 0 || token.size() > max_token) return bad();
  std::string text;
  for (std::size_t i = 0; i < token.size(); i += 2) {
    const int high = digit_of(token[i]);
    const int low = digit_of(token[i + 1]);
    if (high < 0 || low < 0) return bad();
    text += static_cast<char>(high * 16 + low);
  }
  const auto read = parse_json(text);
  if (!read || text_or(*read, "search") != mark_of(purpose)) return bad();
  return member(*read, "after");
}

}  // namespace ciclo::tracking
