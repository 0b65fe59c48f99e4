#include "administration/sign_in/password_hasher.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace ciclo::administration {

class PasswordHasher::Turn {
 public:
  explicit Turn(PasswordHasher& hasher) : hasher_(hasher) {
    std::unique_lock lock(hasher_.mutex_);
    if (hasher_.running_ >= hasher_.settings_.at_once) {
      if (hasher_.waiting_ >= hasher_.settings_.may_wait) return;
      ++hasher_.waiting_;
      hasher_.free_.wait(lock, [&] { return hasher_.running_ < hasher_.settings_.at_once; });
      --hasher_.waiting_;
    }
    ++hasher_.running_;
    has_it_ = true;
  }
  ~Turn() {
    if (!has_it_) return;
    {
      const std::lock_guard lock(hasher_.mutex_);
      --hasher_.running_;
    }
    hasher_.free_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  Result<void> check() const {
    if (has_it_) return {};
    return fail(ErrorCode::unavailable, "too many people sign in at this moment", {}, "try again in a second");
  }

 private:
  PasswordHasher& hasher_;
  bool has_it_ = false;
};

PasswordHasher::PasswordHasher(Settings settings)
    : settings_(settings),
      // Well-formed, of today's cost, and the hash of nothing anybody knows: checking it costs what any check costs.
      of_nobody_(fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", settings.memory / 1024, settings.operations,
                             std::string(22, 'A'), std::string(43, 'A'))) {}

Result<std::string> PasswordHasher::hash(std::string_view password) {
  const Turn turn(*this);
  CICLO_CHECK(turn.check());
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), settings_.operations, settings_.memory,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(ErrorCode::unavailable, "there is not enough memory to hash a password", {},
                fmt::format("one takes {} MiB", settings_.memory >> 20U));
  return std::string(text.data());
}

Result<bool> PasswordHasher::verify(const std::string& hash, std::string_view password) {
  const Turn turn(*this);
  CICLO_CHECK(turn.check());
  errno = 0;
  const std::string& against = hash.empty() ? of_nobody_ : hash;
  const int bad = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size());
  if (bad != 0 && errno == ENOMEM)
    return fail(ErrorCode::unavailable, "there is not enough memory to check a password", {},
                fmt::format("one takes {} MiB", settings_.memory >> 20U));
  return bad == 0 && !hash.empty();
}

bool PasswordHasher::is_outdated(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), settings_.operations, settings_.memory) != 0;
}

}  // namespace ciclo::administration
