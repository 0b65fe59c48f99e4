#include "base/private_pairs.hpp"

#include <fmt/format.h>

namespace ciclo {

void append_private_pair(std::string& out, std::string_view name, std::string_view value) {
  out.reserve(out.size() + name.size() + value.size() + 2);
  out.append(name).push_back('\0');
  out.append(value).push_back('\0');
}

Result<PrivatePairs> parse_private_pairs(std::string_view bytes) {
  if (bytes.size() > max_private_pairs_bytes)
    return fail(ErrorCode::too_large, fmt::format("the secret values take more than {} bytes", max_private_pairs_bytes),
                {}, "give fewer or shorter ones");
  PrivatePairs pairs;
  while (!bytes.empty()) {
    const std::size_t name_end = bytes.find('\0');
    const std::size_t value_end = name_end == std::string_view::npos ? name_end : bytes.find('\0', name_end + 1);
    if (value_end == std::string_view::npos)
      return fail(ErrorCode::invalid, "the secret values are cut off: each name and each value ends with a NUL");
    pairs.emplace_back(bytes.substr(0, name_end), bytes.substr(name_end + 1, value_end - name_end - 1));
    bytes.remove_prefix(value_end + 1);
  }
  return pairs;
}

}  // namespace ciclo
