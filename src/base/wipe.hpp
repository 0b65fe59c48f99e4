// Zeroes memory that held a secret, in a way that no optimiser takes out.
//
// Thread safety: works on what it is handed.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace ciclo {

void wipe(void* bytes, std::size_t size);
void wipe(std::string& text);  // its whole storage; the text is empty afterwards

// A text that is wiped when it goes. Moves leave nothing behind; copies are made by hand.
class WipedText {
 public:
  WipedText() = default;
  explicit WipedText(std::string text) : text_(std::move(text)) {}
  WipedText(WipedText&& other) noexcept { swap(other); }
  WipedText& operator=(WipedText&& other) noexcept {
    swap(other);
    return *this;
  }
  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  ~WipedText() { wipe(text_); }

  const std::string& get() const { return text_; }
  std::string& get() { return text_; }

 private:
  void swap(WipedText& other) noexcept { text_.swap(other.text_); }
  std::string text_;
};

}  // namespace ciclo
