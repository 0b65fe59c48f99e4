// Prepared statements by their text, the least recently used dropped first. Internal to platform/sql.
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ciclo::sql {

// `Statement` owns what it stands for and releases it when destroyed.
template <class Statement>
class StatementCache {
 public:
  explicit StatementCache(std::size_t capacity) : capacity_(capacity) {}

  // Null when it is not there. Valid until the next add() or clear().
  Statement* find(std::string_view key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    found->second.last_use = ++uses_;
    return &found->second.statement;
  }

  Statement& add(std::string_view key, Statement statement) {
    if (entries_.size() >= capacity_) drop_oldest();
    auto& entry = entries_.insert_or_assign(std::string(key), Entry{std::move(statement), ++uses_}).first->second;
    return entry.statement;
  }

  void remove(std::string_view key) {
    if (const auto found = entries_.find(key); found != entries_.end()) entries_.erase(found);
  }
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    Statement statement;
    std::uint64_t last_use = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void drop_oldest() {
    const auto older = [](const auto& a, const auto& b) { return a.second.last_use < b.second.last_use; };
    if (const auto oldest = std::min_element(entries_.begin(), entries_.end(), older); oldest != entries_.end()) {
      entries_.erase(oldest);
    }
  }

  const std::size_t capacity_;
  std::uint64_t uses_ = 0;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace ciclo::sql
