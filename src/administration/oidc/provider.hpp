// The identity provider as the server talks to it: its description, its keys, and the exchange of a code for tokens.
//
// Description and keys are fetched together, kept, and fetched again
//  - when they are older than 10 minutes, so that a key the provider no longer lists stops being good;
//  - when a token names a key that is not among them (the provider has changed its keys).
// Never more often than once in 10 s, whatever tokens callers make up. While the provider cannot be reached, what is
// kept goes on being good for up to 24 h.
//
// Thread safety: safe from any thread. One thread fetches; others go on with what is kept, or wait up to 2 s for it
// when they cannot.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "administration/oidc/discovery.hpp"
#include "administration/oidc/key_set.hpp"
#include "administration/oidc/settings.hpp"
#include "administration/oidc/token.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/http/client.hpp"
#include "platform/log/log.hpp"

namespace ciclo::administration::oidc {

// http::Client::send, or a test's stand-in.
using Send = std::function<Result<http::ClientResponse>(const http::ClientRequest&)>;

// For Send: short timeouts, small answers, the settings' certificate authority.
http::ClientSettings client_settings(const Settings& settings);

struct CodeRequest {
  std::string code;
  std::string verifier;  // PKCE's
  std::string redirect_uri;
};

struct ProviderTokens {
  std::string id_token;
  std::string access_token;
};

class Provider {
 public:
  struct Parts {
    Send send;
    const Clock& clock;
    log::Logger& logger;
  };
  Provider(const Settings& settings, Parts parts) : settings_(settings), parts_(std::move(parts)) {}

  // Fails with unavailable when the provider was never reached, or not for 24 h.
  Result<Metadata> metadata();
  // Fails with unauthenticated when no key of the provider signed it, unavailable when its keys are not known.
  Result<void> verify(const SignedToken& token);
  // Fails with unauthenticated when the provider refuses the code, unavailable when it cannot be reached.
  Result<ProviderTokens> exchange(const CodeRequest& request);

 private:
  struct Known {
    Metadata metadata;
    KeySet keys;
    TimePoint fetched_at;
  };
  using Snapshot = std::shared_ptr<const Known>;

  Result<Snapshot> current();
  // What is kept after an attempt to fetch, which is left out when one was made just before. While another thread
  // fetches, waits for it that long.
  Result<Snapshot> refresh(const Snapshot& seen, std::chrono::seconds patience);
  Result<Known> fetch() const;
  Result<std::string> get(const std::string& url) const;
  Snapshot kept() const;

  const Settings& settings_;
  Parts parts_;
  mutable std::mutex mutex_;  // guards known_
  Snapshot known_;
  std::timed_mutex fetching_;  // guards what follows; held while fetching
  std::optional<TimePoint> attempted_at_;
  Error last_error_;
};

}  // namespace ciclo::administration::oidc
