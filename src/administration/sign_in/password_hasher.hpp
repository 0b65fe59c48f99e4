// argon2id by libsodium, so few at once that the memory they take has a bound.
//
// One hash of the default cost takes 64 MiB, and as long as `tests/sign_in/run unknown_users_take_as_long` prints.
//
// Thread safety: safe from any thread; calls beyond `at_once` wait, those beyond `may_wait` fail.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::administration {

class PasswordHasher {
 public:
  struct Settings {
    unsigned long long operations = 2;  // passes over the memory: libsodium's OPSLIMIT_INTERACTIVE
    std::size_t memory = 64U << 20U;    // bytes: MEMLIMIT_INTERACTIVE
    int at_once = 2;                    // so 128 MiB at most
    int may_wait = 8;                   // callers that block a worker of the HTTP server
  };
  // start_cryptography() must have been called.
  explicit PasswordHasher(Settings settings);

  // "$argon2id$v=19$m=65536,t=2,p=1$…". Fails with unavailable when too many wait, or the memory is not to be had.
  Result<std::string> hash(std::string_view password);
  // An empty hash stands for "no such user" or "has no password": false after the same work.
  Result<bool> verify(const std::string& hash, std::string_view password);
  // Made with another cost than today's: to be replaced while the password is at hand.
  bool is_outdated(const std::string& hash) const;

 private:
  class Turn;

  const Settings settings_;
  std::string of_nobody_;
  std::mutex mutex_;
  std::condition_variable free_;
  int running_ = 0;
  int waiting_ = 0;
};

}  // namespace ciclo::administration
