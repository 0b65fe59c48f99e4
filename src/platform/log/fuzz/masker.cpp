#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "platform/log/mask.hpp"

// The first byte says how long the value is, the second how long a piece is; the rest is the value and then the text.
// In pieces or at once the same comes out, and the value is not in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ciclo::log::Masker;
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string value(all.substr(0, data[0]));
  const std::string_view text = all.substr(value.size());
  const std::size_t piece = std::max<std::size_t>(data[1], 1);
  const std::string whole = Masker({value}).mask(text);
  Masker masker({value});
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) out += masker.take(text.substr(at, piece));
  if (out + masker.finish() != whole) std::abort();
  // "***" put in may make up a value that has stars in it.
  const bool has_stars = value.find('*') != std::string::npos;
  if (value.size() >= ciclo::log::shortest_masked_bytes && !has_stars && whole.find(value) != std::string::npos)
    std::abort();
  return 0;
}
