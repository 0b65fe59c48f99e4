#include "server/outbound_clients.hpp"

namespace ciclo::server {
namespace {

using std::chrono::milliseconds;

http::ClientSettings limited(const std::shared_ptr<const http::OutboundPolicy>& policy, milliseconds timeout,
                             milliseconds total) {
  http::ClientSettings settings;
  settings.connect_timeout = milliseconds(10'000);
  settings.timeout = timeout;
  settings.total_timeout = total;
  settings.max_response_bytes = 1U << 20U;
  settings.outbound = policy;
  return settings;
}

}  // namespace

OutboundClients::OutboundClients(const std::shared_ptr<const http::OutboundPolicy>& policy)
    : webhooks(limited(policy, milliseconds(30'000), milliseconds(30'000))),
      downloads(limited(policy, milliseconds(60'000), milliseconds(3'600'000))) {}

}  // namespace ciclo::server
