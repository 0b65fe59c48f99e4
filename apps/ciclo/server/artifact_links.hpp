// Links to artifacts (platform/tokens/signed_link.hpp), as whole URLs by which the one who asks reaches this server.
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>
#include <string>

#include "base/clock.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "platform/tokens/signed_link.hpp"

namespace ciclo::server {

struct LinkParts {
  const tokens::LinkKey& key;
  const Clock& clock;
  std::string public_url;            // of the settings; may be empty
  std::function<std::string()> url;  // the server's own
};
tracking::MakeLink make_artifact_links(LinkParts parts);

// "https://ciclo.example.org": the public address when the request came by its host, else the host that the request
// names, under the server's own scheme. Fails with invalid for a Host field that is none.
Result<std::string> origin_of(const http::Request& request, const std::string& public_url, const std::string& own_url);

}  // namespace ciclo::server
