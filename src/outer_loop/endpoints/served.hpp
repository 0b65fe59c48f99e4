// Which credentials the scorer of each endpoint was last seen to take, so that who replaced a key can wait until the
// new one is good and the old one is not. Filled in by the controller; empty at first after a start of the server.
//
// Thread safety: safe from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "resources/resource.hpp"

namespace ciclo::outer_loop {

class ServedCredentials {
 public:
  // `auth`: the member of that name of the configuration that is served; null when the endpoint serves nothing.
  void set(const resources::ResourceKey& endpoint, const Json& auth);
  // Waits until the endpoint takes what scorer.json names by this text (a key's SHA-256, a public key), or serves
  // nothing. False when it did not within `longest`.
  bool await(const resources::ResourceKey& endpoint, std::string_view text, std::chrono::milliseconds longest);
  void forget(const resources::ResourceKey& endpoint);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<resources::ResourceKey, std::string> served_;  // as text; empty: nothing
};

}  // namespace ciclo::outer_loop
