#include "scoring/token_cache.hpp"

#include <utility>

namespace ciclo::scoring {

std::shared_ptr<const KnownToken> TokenCache::find(const std::string& sha256) {
  const std::lock_guard lock(mutex_);
  if (const auto found = young_.find(sha256); found != young_.end()) return found->second;
  auto aged = old_.extract(sha256);
  if (aged.empty()) return nullptr;
  auto token = std::move(aged.mapped());
  put_locked(sha256, token);
  return token;
}

void TokenCache::put(const std::string& sha256, std::shared_ptr<const KnownToken> token) {
  const std::lock_guard lock(mutex_);
  put_locked(sha256, std::move(token));
}

void TokenCache::put_locked(const std::string& sha256, std::shared_ptr<const KnownToken> token) {
  if (young_.size() >= half_) old_ = std::exchange(young_, {});
  young_[sha256] = std::move(token);
}

std::size_t TokenCache::size() const {
  const std::lock_guard lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace ciclo::scoring
