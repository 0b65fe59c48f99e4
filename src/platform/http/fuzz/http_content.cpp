// Range, condition and digest fields: no input crashes, a range lies within the file, and a digest that is read is one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "platform/http/content_fields.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ciclo::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const RangeChoice chosen = choose_range(text, length);
    if (chosen.kind != RangeChoice::Kind::part) continue;
    if (chosen.length == 0 || chosen.first >= length || chosen.length > length - chosen.first) std::abort();
  }
  static_cast<void>(names_etag(text, "\"a\"", true));
  for (const char* name : {"x-ciclo-sha256", "repr-digest", "digest"}) {
    Headers headers;
    headers.add(name, std::string(text));
    const auto sum = announced_sha256(headers);
    if (!sum || !*sum) continue;
    Headers again;
    again.add("repr-digest", digest_field(**sum));
    if (announced_sha256(again).value() != *sum) std::abort();
  }
  return 0;
}
