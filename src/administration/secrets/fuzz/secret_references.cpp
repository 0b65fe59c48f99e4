#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "administration/secrets/references.hpp"
#include "base/private_pairs.hpp"

// What parses is written in one way that reads back as the same; plain stretches hold no reference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::administration;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::ignore = ciclo::parse_private_pairs(text);
  const auto pieces = parse_secret_text(text);
  if (!pieces) return 0;
  for (const SecretTextPiece& piece : *pieces) {
    if (!piece.reference) {
      if (mentions_secret(piece.text)) std::abort();
      continue;
    }
    const auto again = parse_secret_text(piece.reference->text());
    if (!again || again->size() != 1 || again->front().reference != piece.reference) std::abort();
  }
  return 0;
}
