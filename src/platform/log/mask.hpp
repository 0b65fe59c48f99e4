// Takes secret values out of a stream of text: each becomes "***", also one that arrives in two pieces.
//
// A value is found as it is, and as hexadecimal, base64, percent-encoded or JSON-escaped (encodings.hpp); not when a
// program has changed it in another way.
//
// Values shorter than 6 bytes are not looked for: they would be found in ordinary words. Of a value of several lines
// each line that is long enough is looked for as well, because tools print them one by one.
//
// Thread safety: one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/wipe.hpp"

namespace ciclo::log {

inline constexpr std::size_t shortest_masked_bytes = 6;

class Masker {
 public:
  explicit Masker(const std::vector<std::string>& values);

  // What may be shown of the text so far. Bytes that could be the beginning of a value are held back until the next
  // piece tells; ordinary text passes at once.
  std::string take(std::string_view piece);
  // The rest. A beginning of a value that was held back is shown: it is none.
  std::string finish();
  // A whole text.
  std::string mask(std::string_view text) const;
  bool empty() const { return values_.empty(); }

 private:
  // Where a value starts at `at`: its length, or 0.
  std::size_t match(std::string_view text, std::size_t at) const;
  bool may_begin(std::string_view tail) const;
  std::string scan(std::string_view text, bool is_last, std::size_t& used) const;

  std::vector<WipedText> values_;  // the longest first
  std::string first_bytes_;        // which bytes a value may begin with
  std::string held_;
};

}  // namespace ciclo::log
