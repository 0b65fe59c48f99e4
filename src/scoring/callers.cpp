#include "scoring/callers.hpp"

namespace ciclo::scoring {
namespace {

constexpr std::size_t most_names = 1000;
constexpr const char* all_others = "(others)";

}  // namespace

Callers::Counter Callers::counter_of(const std::string& principal) {
  const std::lock_guard lock(mutex_);
  const bool is_known = by_name_.contains(principal) || by_name_.size() < most_names;
  auto& counter = by_name_[is_known ? principal : all_others];
  if (!counter) counter = std::make_shared<std::atomic<std::uint64_t>>(0);
  return counter;
}

AdmissionCounts Callers::counts() const {
  AdmissionCounts counts{.by_key = by_key_.load(), .by_token = 0, .refused = refused_.load()};
  const std::lock_guard lock(mutex_);
  for (const auto& [name, counter] : by_name_) counts.by_token += counter->load();
  return counts;
}

Json Callers::to_json() const {
  Json list = Json::array();
  const auto add = [&](std::string_view name, std::uint64_t requests) {
    if (requests > 0) list.push_back({{"principal", name}, {"requests", requests}});
  };
  add(key_holder, by_key_.load());
  const std::lock_guard lock(mutex_);
  for (const auto& [name, counter] : by_name_) add(name, counter->load());
  return list;
}

}  // namespace ciclo::scoring
