#include "outer_loop/endpoints/served.hpp"

namespace ciclo::outer_loop {

void ServedCredentials::set(const resources::ResourceKey& endpoint, const Json& auth) {
  const std::lock_guard lock(mutex_);
  served_[endpoint] = auth.is_null() ? std::string() : to_text(auth);
  changed_.notify_all();
}

bool ServedCredentials::await(const resources::ResourceKey& endpoint, std::string_view text,
                              std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, longest, [&] {
    const auto served = served_.find(endpoint);
    return served != served_.end() && (served->second.empty() || served->second.find(text) != std::string::npos);
  });
}

void ServedCredentials::forget(const resources::ResourceKey& endpoint) {
  const std::lock_guard lock(mutex_);
  served_.erase(endpoint);
  changed_.notify_all();
}

}  // namespace ciclo::outer_loop
