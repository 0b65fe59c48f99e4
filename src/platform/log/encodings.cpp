#include "platform/log/encodings.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace ciclo::log {
namespace {

constexpr std::size_t shortest = 8;
constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string hex(std::string_view value, std::string_view digits) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

std::string percent(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::string_view("-_.~").find(c) != std::string_view::npos;
    if (is_plain) out.push_back(c);
    else out.append("%").append(hex({&c, 1}, "0123456789ABCDEF"));
  }
  return out;
}

// Of whole groups of three bytes.
std::string base64_core(std::string_view value, std::string_view alphabet) {
  std::string out;
  for (std::size_t at = 0; at + 3 <= value.size(); at += 3) {
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = (group << 8U) | static_cast<unsigned char>(value[at + i]);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out.push_back(alphabet[(group >> shift) & 63U]);
  }
  return out;
}

std::string json_escaped(std::string_view value) {
  const std::string quoted = to_text(Json(std::string(value)));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::vector<std::string> encodings_of(std::string_view value) {
  std::vector<std::string> all{hex(value, "0123456789abcdef"), hex(value, "0123456789ABCDEF"), percent(value),
                               json_escaped(value)};
  for (const std::string_view alphabet : {standard, url_safe})
    for (std::size_t skipped = 0; skipped < 3 && skipped < value.size(); ++skipped)
      all.push_back(base64_core(value.substr(skipped), alphabet));
  std::erase_if(all, [&](const std::string& one) { return one.size() < shortest || one == value; });
  std::ranges::sort(all);
  const auto doubled = std::ranges::unique(all);
  all.erase(doubled.begin(), doubled.end());
  return all;
}

}  // namespace ciclo::log
