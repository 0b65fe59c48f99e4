// Signing in with a code on another device (RFC 8628): the command line asks the identity provider for a code, tells
// the person to enter it in a browser anywhere, and asks again until that is done.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http/client.hpp"

namespace ciclo::cli {

// What the server says of its provider: "device_code" of /api/v1/auth/configuration.
struct DeviceSettings {
  std::string client_id;
  std::string scopes;
  std::string device_authorization_endpoint;
  std::string token_endpoint;
};

// The ID token. Tells the person what to do on `screen`. Fails with denied when the person said no, timeout when the
// code has expired, and as http::Client::send().
Result<std::string> sign_in_by_device_code(http::Client& client, const DeviceSettings& settings, std::ostream& screen);

// What an answer of the token endpoint asks for.
struct Poll {
  std::string id_token;  // empty: ask again after `interval`
  std::chrono::milliseconds interval;
};
// A pure function of the answer and the interval so far. Fails with denied, timeout or unavailable when it is over.
Result<Poll> judge_poll(int status, const Json& answer, std::chrono::milliseconds interval);

}  // namespace ciclo::cli
