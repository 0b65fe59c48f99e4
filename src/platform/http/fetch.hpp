// A file from an http or https address that a user gave: into a file of this machine, with limits.
//
// At most five redirects are followed. Each is a request of its own, so the client's policy (outbound.hpp) judges it as
// it judged the first; from https none leads to http. Use a client with a policy and a total_timeout.
//
// Thread safety: safe from any thread, for different targets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "base/error.hpp"
#include "platform/http/client.hpp"

namespace ciclo::http {

struct FetchRequest {
  std::string url;
  std::filesystem::path target;  // its folder is there; it appears whole or not at all
  std::uint64_t max_bytes = 0;
  std::stop_token stop;
};

// The file's size. Fails as Client::send does, with not_found and denied as the server answers, too_large over the
// limit, conflict when it was stopped.
Result<std::uint64_t> fetch_file(Client& client, const FetchRequest& request);

// The last segment of the URL's path as a file name of this machine; "data" when it has none that is plain.
std::string file_name_of(const std::string& url);

}  // namespace ciclo::http
