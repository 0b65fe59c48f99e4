#include "platform/log/mask.hpp"

#include <algorithm>
#include <set>

#include "platform/log/encodings.hpp"

namespace ciclo::log {
namespace {

constexpr std::string_view shown = "***";

void add_lines(std::string_view value, std::set<std::string>& found) {
  while (true) {
    const std::size_t end = value.find('\n');
    std::string_view line = value.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= shortest_masked_bytes) found.emplace(line);
    if (end == std::string_view::npos) return;
    value.remove_prefix(end + 1);
  }
}

}  // namespace

Masker::Masker(const std::vector<std::string>& values) {
  std::set<std::string> found;
  for (const std::string& value : values) {
    add_lines(value, found);
    if (value.size() < shortest_masked_bytes) continue;
    found.insert(value);
    for (std::string& encoded : encodings_of(value)) found.insert(std::move(encoded));
  }
  while (!found.empty()) {
    auto node = found.extract(found.begin());
    const char first = node.value().front();
    if (first_bytes_.find(first) == std::string::npos) first_bytes_.push_back(first);
    values_.emplace_back(std::move(node.value()));
  }
  std::ranges::sort(values_, std::ranges::greater(), [](const WipedText& one) { return one.get().size(); });
}

std::size_t Masker::match(std::string_view text, std::size_t at) const {
  for (const WipedText& value : values_)
    if (text.substr(at).starts_with(value.get())) return value.get().size();
  return 0;
}

bool Masker::may_begin(std::string_view tail) const {
  return std::ranges::any_of(values_, [&](const WipedText& value) {
    return value.get().size() > tail.size() && std::string_view(value.get()).starts_with(tail);
  });
}

// Stops before a tail that may be the beginning of a value; `used` says how far it came. A shorter value at that place
// waits too: the longer one around it would be cut in two.
std::string Masker::scan(std::string_view text, bool is_last, std::size_t& used) const {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t next = std::min(text.find_first_of(first_bytes_, at), text.size());
    out.append(text.substr(at, next - at));
    at = next;
    if (at == text.size() || (!is_last && may_begin(text.substr(at)))) break;
    if (const std::size_t length = match(text, at); length > 0) {
      out.append(shown);
      at += length;
    } else {
      out.push_back(text[at++]);
    }
  }
  used = at;
  return out;
}

std::string Masker::take(std::string_view piece) {
  if (values_.empty()) return std::string(piece);
  held_.append(piece);
  std::size_t used = 0;
  std::string out = scan(held_, false, used);
  held_.erase(0, used);
  return out;
}

std::string Masker::finish() {
  std::size_t used = 0;
  std::string out = scan(held_, true, used);
  wipe(held_);
  return out;
}

std::string Masker::mask(std::string_view text) const {
  std::size_t used = 0;
  return scan(text, true, used);
}

}  // namespace ciclo::log
