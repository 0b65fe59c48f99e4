#include "platform/http/local_path.hpp"

#include <algorithm>

#include "platform/http/message.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t longest = 2000;

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

bool is_plain_path(std::string_view path) {
  return path.starts_with('/') && path.find("//") == std::string_view::npos &&
         path.find('\\') == std::string_view::npos;
}

}  // namespace

bool is_local_path(std::string_view target) {
  if (target.size() > longest || has_control(target) || target.find('\\') != std::string_view::npos) return false;
  // Twice, for what a proxy or a page decodes once more.
  std::string path(target.substr(0, target.find_first_of("?#")));
  for (int times = 0; times < 3; ++times) {
    if (!is_plain_path(path)) return false;
    const auto decoded = percent_decode(path);
    if (!decoded) return times > 0;  // a '%' that stands for itself
    const bool has_control_now =
        std::ranges::any_of(*decoded, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (has_control_now) return false;
    path = *decoded;
  }
  return true;
}

}  // namespace ciclo::http
