// The clients for addresses that come from users: they reach what the administrator's policy lets through.
//
// Thread safety: safe from any thread.
#pragma once

#include <memory>

#include "platform/http/client.hpp"

namespace ciclo::server {

struct OutboundClients {
  explicit OutboundClients(const std::shared_ptr<const http::OutboundPolicy>& policy);

  http::Client webhooks;   // 30 s and 1 MiB of answer a request
  http::Client downloads;  // an hour a request
};

}  // namespace ciclo::server
