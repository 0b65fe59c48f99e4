// The tokens that were found good lately, so that a token that comes again costs no second look at its signature.
//
// Bounded: the younger half of the entries is kept when it is full, and what is used again counts as young. Only good
// tokens come in, so nobody can push others out with made-up ones. An entry says whose and which token it was; whether
// it is still good (time, key, ended) is asked at every request anew.
//
// Thread safety: safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/tokens/signed_token.hpp"
#include "scoring/callers.hpp"

namespace ciclo::scoring {

struct KnownToken {
  std::string public_key;  // that it was verified with
  tokens::TokenClaims claims;
  Callers::Counter counter;
};

class TokenCache {
 public:
  // At most `capacity` entries, at least 2.
  explicit TokenCache(std::size_t capacity = 8192) : half_(capacity / 2) {}
  // By the token's SHA-256: where the entry lies tells nothing of the token. Null when it is not known.
  std::shared_ptr<const KnownToken> find(const std::string& sha256);
  void put(const std::string& sha256, std::shared_ptr<const KnownToken> token);
  std::size_t size() const;

 private:
  using Entries = std::unordered_map<std::string, std::shared_ptr<const KnownToken>>;
  void put_locked(const std::string& sha256, std::shared_ptr<const KnownToken> token);

  const std::size_t half_;
  mutable std::mutex mutex_;
  Entries young_;
  Entries old_;
};

}  // namespace ciclo::scoring
