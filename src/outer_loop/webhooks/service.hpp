// The rules of webhooks: who may have one, what one may be, and the test that MLflow has.
//
// Whoever makes or changes a webhook is its owner: it is told only of models that its owner may read at that time. The
// secret comes in and is sealed; it never goes out but as signatures.
//
// Errors: invalid, not_found; quota beyond 200 webhooks in a workspace.
//
// Thread safety: safe from any thread; never call these from inside a Database::write closure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "administration/secrets/sealing.hpp"
#include "outer_loop/webhooks/posting.hpp"
#include "outer_loop/webhooks/store.hpp"
#include "platform/http/client.hpp"
#include "resources/service.hpp"

namespace ciclo::outer_loop {

struct WebhookChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> url;
  std::optional<std::vector<WebhookEvent>> events;
  std::optional<std::string> secret;  // empty: none any more
  std::optional<WebhookStatus> status;
};

struct WebhookPlace {
  std::string workspace;
  std::string id;
};

struct WebhookPage {
  std::vector<Webhook> webhooks;
  std::string next_page_token;
};

// What MLflow's test answers.
struct WebhookTest {
  bool success = false;
  std::optional<int> status;
  std::string body;   // at most 64 KiB
  std::string error;  // when there was no answer
};

class WebhookService {
 public:
  struct Parts {
    resources::ResourceService& resources;
    const administration::Sealer& sealer;
    http::Client& client;
  };
  explicit WebhookService(Parts parts) : parts_(parts) {}

  // Name, url and events must be given.
  Result<Webhook> create(const resources::Caller& caller, const std::string& workspace, const WebhookChange& request);
  Result<Webhook> get(const WebhookPlace& place);
  Result<WebhookPage> list(const std::string& workspace, std::size_t max_results, const std::string& page_token);
  Result<Webhook> update(const resources::Caller& caller, const WebhookPlace& place, const WebhookChange& change);
  Result<void> remove(const resources::Caller& caller, const WebhookPlace& place);
  // Sends the example of `event`, or of the first that it listens to. Takes as long as the receiver does.
  Result<WebhookTest> test(const WebhookPlace& place, const std::optional<WebhookEvent>& event);
  Result<std::vector<WebhookDelivery>> deliveries(const WebhookPlace& place, std::size_t limit);

 private:
  Result<std::optional<std::string>> sealed(sql::Session& session, const std::string& id,
                                            const WebhookChange& change) const;
  // Event and audit row; the event's sequence number.
  Result<std::int64_t> record(sql::Session& session, const resources::Caller& caller, const Webhook& webhook,
                              const std::string& what);

  Parts parts_;
  WebhookStore store_;
};

// A request to a webhook, signed when it has a secret. Its time is in the signature, so each attempt makes its own.
struct WebhookRequest {
  const Webhook& webhook;
  std::string delivery_id;
  std::string body;
  TimePoint now;
};
Result<Post> post_of(const WebhookRequest& request, const administration::Sealer& sealer,
                     const std::string& sealed_secret);

// "3f1b…-…": a random UUID.
std::string new_uuid();

}  // namespace ciclo::outer_loop
